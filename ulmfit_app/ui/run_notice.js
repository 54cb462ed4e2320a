// Asks for permission, then tells of every run that ended, once, however often the page is drawn.
{
  const place = document.currentScript.parentElement;
  if ("Notification" in window) Notification.requestPermission();
  window.ulmfitTold ??= new Set();
  for (const { run, title, state } of [...place.querySelectorAll("[data-run]")].map((ended) => ended.dataset)) {
    if (window.ulmfitTold.has(run)) continue;
    window.ulmfitTold.add(run);
    if (window.Notification?.permission === "granted") new Notification(title, { body: state });
  }
}
