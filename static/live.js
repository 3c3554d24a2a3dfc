// A submission's page follows its grading by server-sent events. Each event is the whole state, so that
// nothing is missing after a lost connection; without this file the page loads itself anew.
"use strict";

// Said aloud when the page changes as a whole; outside of what is replaced.
const news = document.createElement("p");
news.className = "visually-hidden";
news.setAttribute("aria-live", "polite");
document.body.append(news);

const again = 3000;
// The server ends a stream after some minutes and the browser takes it up again: no loss to speak of.
const patience = 2000;

const follow = () => {
  const live = document.querySelector("[data-live]");
  if (!live || !("EventSource" in window)) {
    return;
  }
  const words = live.querySelector("[data-words]");
  const bar = live.querySelector("progress");
  const lost = live.querySelector("[data-lost]");
  const source = new EventSource(live.dataset.live);
  let late = 0;
  source.addEventListener("open", () => {
    clearTimeout(late);
    lost.hidden = true;
  });
  source.addEventListener("progress", (event) => {
    const stage = JSON.parse(event.data);
    lost.hidden = true;
    live.dataset.told = new Date().toLocaleTimeString();
    live.querySelector("[data-title]").textContent = stage.title;
    live.querySelector("[data-stage]").innerHTML = stage.html;
    if (words.textContent !== stage.words) {
      words.textContent = stage.words;
    }
    if (stage.total > 0) {
      bar.max = stage.total;
      bar.value = stage.done;
    } else {
      bar.removeAttribute("value");
    }
  });
  source.addEventListener("done", () => {
    source.close();
    refresh();
  });
  source.addEventListener("error", () => {
    clearTimeout(late);
    late = setTimeout(() => say(lost, live.dataset.told), patience);
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(refresh, again);
    }
  });
};

const say = (lost, told) => {
  lost.textContent = "The connection is lost; it is tried again. The grading goes on all the same." +
    (told ? ` What you see is from ${told}.` : "");
  lost.hidden = false;
};

// The page as it is now, in place of the one that was.
const refresh = async () => {
  try {
    const response = await fetch(location.href, { cache: "no-store" });
    if (response.redirected) {
      location.assign(response.url);
      return;
    }
    if (!response.ok) {
      throw new Error(`status ${response.status}`);
    }
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const written = [...document.querySelectorAll("main :is(textarea, select, input)[id]")];
    const focused = document.activeElement?.id;
    document.querySelector("main").replaceWith(document.adoptNode(page.querySelector("main")));
    // What someone is writing meanwhile stays.
    for (const { id, value } of written) {
      const field = document.getElementById(id);
      if (field) {
        field.value = value;
      }
    }
    if (focused) {
      document.getElementById(focused)?.focus({ preventScroll: true });
    }
    document.title = page.title;
    const report = document.getElementById("report");
    news.textContent = report ? report.textContent : "";
    follow();
  } catch {
    const live = document.querySelector("[data-live]");
    if (live) {
      say(live.querySelector("[data-lost]"), live.dataset.told);
    }
    setTimeout(refresh, again);
  }
};

follow();
