// What every page has: the time that is left goes on while the page is open, and "Ask about this check"
// chooses the check without loading the page again. Every page works without this file.
"use strict";

const left = (ms) => {
  const minutes = Math.max(0, Math.floor(ms / 60000));
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  if (minutes === 0) {
    return "less than a minute left";
  }
  if (days > 0) {
    return `${days} day${days === 1 ? "" : "s"} ${hours} h left`;
  }
  return hours > 0 ? `${hours} h ${rest} min left` : `${rest} min left`;
};

const clocks = document.querySelectorAll("[data-until]");
if (clocks.length > 0) {
  setInterval(() => {
    for (const clock of clocks) {
      clock.textContent = left(Number(clock.dataset.until) - Date.now());
    }
  }, 30000);
}

// A page that shows how far something is looks again after a while.
const follows = document.querySelector("[data-reload]");
if (follows) {
  setTimeout(() => location.reload(), Number(follows.dataset.reload));
}

// On the whole document, since a submission's page is replaced when its grading has ended.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-ask]");
  const ask = document.querySelector("#ask");
  if (link && ask) {
    event.preventDefault();
    ask.querySelector("select").value = link.dataset.ask;
    ask.scrollIntoView();
    ask.querySelector("textarea").focus();
  }
});
// A part of a page that is fetched anew until it has come to rest; then the whole page is.
const freshen = (part) => {
  setTimeout(async () => {
    const response = await fetch(location.href).catch(() => null);
    if (!response || !response.ok) {
      freshen(part);
      return;
    }
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const next = page.getElementById(part.id);
    if (!next || !next.dataset.fresh) {
      location.reload();
      return;
    }
    part.replaceWith(next);
    freshen(next);
  }, Number(part.dataset.fresh));
};
document.querySelectorAll("[data-fresh]").forEach(freshen);
