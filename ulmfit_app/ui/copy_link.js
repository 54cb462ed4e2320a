// Copies the page's address as the browser shows it. Without https, or in a frame that may not write to the clipboard,
// the address appears in a field, selected.
{
  const place = document.currentScript.parentElement;
  const [button, field, said] = ["button", "input", "[role=status]"].map((part) => place.querySelector(part));
  button.addEventListener("click", async () => {
    field.value = location.href;
    try {
      await navigator.clipboard.writeText(field.value);
      field.hidden = true;
      said.textContent = "Copied";
    } catch {
      field.hidden = false;
      field.select();
      said.textContent = "Copy it with Ctrl+C";
    }
  });
}
