// Live progress and drag-and-drop. Every page works without this file.
"use strict";

// A submission's page follows its grading by server-sent events.
const live = document.querySelector("[data-live]");
if (live && "EventSource" in window) {
  const source = new EventSource(live.dataset.live);
  source.addEventListener("progress", (event) => {
    const progress = JSON.parse(event.data);
    live.querySelector("[data-words]").textContent = progress.words;
    const bar = live.querySelector("progress");
    if (progress.total > 0) {
      bar.max = progress.total;
      bar.value = progress.done;
    } else {
      bar.removeAttribute("value");
    }
  });
  source.addEventListener("done", () => {
    source.close();
    location.reload();
  });
}

// The upload: files can be dropped, and the way they go is seen.
const form = document.querySelector("form[data-upload]");
if (form) {
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector(".drop");
  const bar = form.querySelector("progress");
  const fault = form.querySelector("[role=alert]");
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    drop.addEventListener(name, () => drop.classList.remove("over"));
  }
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    input.files = event.dataTransfer.files;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    fault.hidden = true;
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (sent) => {
      bar.hidden = false;
      bar.max = sent.total;
      bar.value = sent.loaded;
    });
    request.addEventListener("load", () => {
      if (request.status < 400) {
        location.assign(request.responseURL);
        return;
      }
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      const words = page.querySelector("main p");
      bar.hidden = true;
      fault.textContent = words ? words.textContent : "The upload was not accepted.";
      fault.hidden = false;
      fault.focus();
    });
    request.addEventListener("error", () => {
      bar.hidden = true;
      fault.textContent = "The connection broke before the upload was complete. Nothing was handed in; please try again.";
      fault.hidden = false;
      fault.focus();
    });
    request.open("POST", form.action);
    request.send(new FormData(form));
  });
}
