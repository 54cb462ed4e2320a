"""Every row of the notebook's checklist has a test: which, is said here, and that they exist is checked.

Row 28 (the recipes measured side by side), row 32 (backward models), and the Hub and hosting parts of row 33 are not
among them.
"""

import ast
from functools import cache

import pytest

from ulmfit_app.settings import CHECKOUT

TESTS: dict[int, list[str]] = {
    1: [
        "tests/pages/test_datasets.py::test_row_1_a_downloaded_folder_is_a_tree_with_counts",
        "tests/pages/test_runs.py::test_rows_1_and_33_a_download_moves_a_bar",
        "tests/unit/cli/test_cli_data.py::test_row_1_a_downloaded_folder_is_shown_as_a_tree_with_counts",
        "tests/unit/engine/test_download.py::test_imdb_full_has_the_notebooks_layout",
    ],
    2: [
        "tests/pages/test_datasets.py::test_row_2_the_validation_folder_can_be_named",
        "tests/unit/cli/test_cli_data.py::test_row_2_the_validation_folder_is_named",
    ],
    3: [
        "tests/pages/test_explore.py::test_the_classification_minibatch_is_drawn_as_show_batch_gives_it",
        "tests/pages/test_explore.py::test_row_3_a_long_text_is_cut_where_show_batch_cuts_it",
        "tests/slow/test_show_batch.py::test_row_3_texts_and_categories_are_those_of_show_batch",
        "tests/unit/cli/test_cli_data.py::test_a_classification_minibatch_has_nine_rows",
    ],
    4: [
        "tests/pages/test_explore.py::test_row_4_the_legend_has_every_special_token",
        "tests/unit/data/test_rules.py::test_special_tokens_appear_where_the_notebook_explains_them",
    ],
    5: [
        "tests/pages/test_explore.py::test_row_5_the_five_parts_stand_beside_the_minibatch_with_the_notebooks_own",
        "tests/slow/test_data_datablock.py::test_row_5_the_datablock_gives_our_minibatches",
    ],
    6: [
        "tests/pages/test_explore.py::test_rows_6_and_8_which_texts_the_language_model_reads_is_counted_and_said",
        "tests/slow/test_data_datablock.py::test_row_6_language_model_loaders_give_our_minibatches",
    ],
    7: [
        "tests/pages/test_explore.py::test_the_language_models_input_stands_over_its_target",
        "tests/pages/test_explore.py::test_a_shift_that_is_not_there_would_be_told",
        "tests/slow/test_show_batch.py::test_row_7_input_and_target_are_those_of_show_batch",
        "tests/unit/cli/test_cli_data.py::test_a_language_model_minibatch_has_five_rows_shifted_by_one",
    ],
    8: [
        "tests/pages/test_explore.py::test_rows_6_and_8_which_texts_the_language_model_reads_is_counted_and_said",
        "tests/unit/data/test_dataset.py::test_the_lm_reads_no_validation_text",
        "tests/unit/data/test_dataset.py::test_the_lm_reads_all_texts_as_the_notebook_if_asked",
    ],
    9: [
        "tests/pages/test_finetune.py::test_rows_9_and_10_the_expansion_of_fine_tune_is_a_table",
        "tests/slow/test_engine_parity.py::test_row_10_quick_classifier",
        "tests/unit/test_recipes.py::test_row_9_quick_recipe_has_the_notebooks_dropout",
    ],
    10: [
        "tests/pages/test_finetune.py::test_rows_9_and_10_the_expansion_of_fine_tune_is_a_table",
        "tests/slow/test_engine_parity.py::test_row_10_quick_classifier",
        "tests/unit/test_recipes.py::test_row_10_fine_tune_4_1e2_expands_as_fastai_does",
        "tests/unit/test_recipes.py::test_row_10_rates_per_group",
    ],
    11: ["tests/pages/test_evaluate.py::test_rows_11_and_31_the_tables_say_what_the_predictor_says"],
    12: [
        "tests/pages/test_home.py::test_the_notebooks_sentence_is_predicted_as_load_model_does",
        "tests/pages/test_predict.py::test_the_notebooks_sentence_comes_first_and_is_predicted",
        "tests/unit/cli/test_cli_inference.py::test_predict_gives_label_index_and_all_probabilities",
        "tests/unit/inference/test_parity.py::test_predictions_equal_learn_predict",
    ],
    13: [
        "tests/pages/test_predict.py::test_an_example_is_one_click_away",
        "tests/pages/test_predict.py::test_unknown_words_and_long_texts_are_told",
    ],
    14: ["tests/pages/test_home.py::test_the_picture_shows_what_is_here_and_what_runs"],
    15: [
        "tests/pages/test_finetune.py::test_rows_15_to_19_what_trains_in_the_language_model_is_a_table",
        "tests/slow/test_engine_parity.py::test_rows_15_to_19_language_model",
        "tests/unit/engine/test_callbacks.py::test_events_count_steps_and_epochs",
        "tests/unit/engine/test_devices.py::test_auto_on_a_cuda_machine",
        "tests/unit/test_recipes.py::test_row_15_weight_decay_and_dropout_of_the_language_model",
    ],
    16: [
        "tests/pages/test_finetune.py::test_rows_15_to_19_what_trains_in_the_language_model_is_a_table",
        "tests/slow/test_engine_finetune.py::test_the_frozen_stage_leaves_the_lstms_alone",
        "tests/unit/test_recipes.py::test_row_16_the_pretrained_language_model_starts_frozen",
    ],
    17: [
        "tests/pages/test_finetune.py::test_rows_15_to_19_what_trains_in_the_language_model_is_a_table",
        "tests/unit/test_recipes.py::test_row_17_and_19_stages_of_the_language_model",
    ],
    18: [
        "tests/slow/test_engine_finetune.py::test_a_named_checkpoint_becomes_the_model",
        "tests/pages/test_runs.py::test_a_paused_run_is_stopped_with_a_checkpoint_of_ones_choice",
        "tests/pages/test_runs.py::test_row_18_checkpoints_that_have_a_name_are_listed",
        "tests/slow/test_run_elsewhere.py::test_a_run_goes_on_in_another_home",
        "tests/unit/engine/test_continuity.py::test_row_18_named_checkpoints_are_listed_and_load",
        "tests/unit/test_recipes.py::test_row_18_and_20_names_of_the_checkpoints",
    ],
    19: [
        "tests/pages/test_finetune.py::test_rows_15_to_19_what_trains_in_the_language_model_is_a_table",
        "tests/unit/test_recipes.py::test_row_17_and_19_stages_of_the_language_model",
    ],
    20: [
        "tests/pages/test_finetune.py::test_row_20_encoder_and_checkpoint_are_explained",
        "tests/pages/test_models.py::test_downloads_come_with_the_code_that_loads_them",
        "tests/unit/inference/test_parity.py::test_the_fastai_export_is_what_load_encoder_takes",
        "tests/unit/test_registry.py::test_the_encoder_file_holds_the_encoder_and_no_code",
    ],
    21: [
        "tests/pages/test_generate.py::test_the_form_has_the_notebooks_values",
        "tests/unit/cli/test_cli_inference.py::test_the_defaults_of_generate_are_the_notebooks",
        "tests/unit/inference/test_parity.py::test_the_text_is_what_fastais_predict_returns",
    ],
    22: [
        "tests/pages/test_finetune.py::test_rows_22_to_27_the_parents_words_are_kept_and_rates_fall_by_2_6",
        "tests/pages/test_finetune_parents.py::test_a_parent_without_the_words_is_warned_of",
        "tests/unit/engine/test_parents.py::test_a_parent_with_other_words_is_refused",
        "tests/unit/engine/test_parents.py::test_a_parent_with_other_rules_or_language_is_refused",
        "tests/unit/test_recipes.py::test_row_22_the_classifier_takes_the_language_models_vocabulary",
    ],
    23: [
        "tests/pages/test_finetune.py::test_rows_22_to_27_the_parents_words_are_kept_and_rates_fall_by_2_6",
        "tests/slow/test_engine_parity.py::test_rows_23_to_27_gradual_unfreezing",
    ],
    24: [
        "tests/pages/test_finetune.py::test_rows_22_to_27_the_parents_words_are_kept_and_rates_fall_by_2_6",
        "tests/unit/test_recipes.py::test_row_24_the_head_stage",
    ],
    25: [
        "tests/pages/test_finetune.py::test_rows_22_to_27_the_parents_words_are_kept_and_rates_fall_by_2_6",
        "tests/unit/test_recipes.py::test_rows_25_to_27_gradual_unfreezing",
    ],
    26: [
        "tests/pages/test_finetune.py::test_rows_22_to_27_the_parents_words_are_kept_and_rates_fall_by_2_6",
        "tests/unit/test_recipes.py::test_rows_25_to_27_gradual_unfreezing",
    ],
    27: [
        "tests/pages/test_finetune.py::test_rows_22_to_27_the_parents_words_are_kept_and_rates_fall_by_2_6",
        "tests/unit/test_recipes.py::test_rows_25_to_27_gradual_unfreezing",
    ],
    29: [
        "tests/pages/test_finetune.py::test_row_29_every_default_of_fastai_is_seen_and_can_be_changed",
        "tests/unit/test_recipes.py::test_row_29_fastai_defaults",
    ],
    30: [
        "tests/pages/test_finetune.py::test_a_suggested_rate_is_put_into_the_form",
        "tests/pages/test_finetune.py::test_row_30_a_flat_curve_is_told",
        "tests/slow/test_lr_find_run.py::test_a_finder_ends_with_a_curve_and_fastais_suggestions",
        "tests/unit/engine/test_lr_finder.py::test_curve_and_suggestions_are_fastais",
    ],
    31: [
        "tests/pages/test_evaluate.py::test_a_cell_lists_its_texts",
        "tests/pages/test_evaluate.py::test_rows_11_and_31_the_tables_say_what_the_predictor_says",
        "tests/unit/inference/test_evaluate.py::test_classifier_report_by_hand",
    ],
    33: [
        "tests/pages/test_models.py::test_downloads_come_with_the_code_that_loads_them",
        "tests/pages/test_runs.py::test_rows_1_and_33_a_download_moves_a_bar",
        "tests/unit/inference/test_cache.py::test_many_who_ask_at_once_wait_for_one_load",
    ],
}


def test_every_row_has_a_test() -> None:
    assert TESTS.keys() == set(range(1, 34)) - {28, 32}
    assert all(TESTS.values())


@pytest.mark.parametrize("test", sorted({test for tests in TESTS.values() for test in tests}))
def test_the_named_test_exists(test: str) -> None:
    file, _, name = test.partition("::")
    assert name in _functions(file)


@cache
def _functions(file: str) -> set[str]:
    """The names of the functions of the module; it is not imported."""
    return {node.name for node in ast.parse((CHECKOUT / file).read_text()).body if isinstance(node, ast.FunctionDef)}
