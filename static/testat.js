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

// A page that shows how far something is looks again after a while.
const follows = document.querySelector("[data-reload]");
if (follows) {
  setTimeout(() => location.reload(), Number(follows.dataset.reload));
}

// The upload: a file can be dropped, and the way it goes is seen.
const form = document.querySelector("form[data-upload]");
if (form) {
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector(".drop");
  const sending = form.querySelector("[data-sending]");
  const words = sending.querySelector("[data-words]");
  const bar = sending.querySelector("progress");
  const button = form.querySelector("button");
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
    if (event.dataTransfer.files.length === 1) {
      input.files = event.dataTransfer.files;
    } else {
      fail("Please drop one file: an archive, or a single solution.py.");
    }
  });

  const fail = (text) => {
    sending.hidden = true;
    button.disabled = false;
    fault.textContent = text;
    fault.hidden = false;
    fault.focus();
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    fault.hidden = true;
    button.disabled = true;
    sending.hidden = false;
    words.textContent = "Sending.";
    bar.removeAttribute("value");
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (sent) => {
      bar.max = sent.total;
      bar.value = sent.loaded;
    });
    request.upload.addEventListener("load", () => {
      words.textContent = "Sent. The archive is being checked.";
      bar.removeAttribute("value");
    });
    request.addEventListener("load", () => {
      if (request.status < 400) {
        location.assign(request.responseURL);
        return;
      }
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      const said = page.querySelector("main p");
      fail(said ? said.textContent : "The upload was not accepted.");
    });
    request.addEventListener("error", () => {
      fail("The connection broke before the upload was complete. Nothing was handed in; please try again.");
    });
    request.open("POST", form.action);
    request.send(new FormData(form));
  });
}
