// Handing in: a file can be dropped, is looked at before it is sent, and is sent again when the
// connection breaks. The form works without this file.
"use strict";

const form = document.querySelector("form[data-upload]");
if (form) {
  const endings = [".zip", ".tar", ".tar.gz", ".tgz"];
  const pauses = [1000, 3000, 9000];
  const most = Number(form.dataset.most);
  const key = form.elements.upload_key;
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector(".drop");
  const chosen = form.querySelector("[data-chosen]");
  const sending = form.querySelector("[data-sending]");
  const words = sending.querySelector("[data-words]");
  const bar = sending.querySelector("progress");
  const button = form.querySelector("button");
  const fault = form.querySelector("[role=alert]");

  const size = (bytes) =>
    bytes < 10240 ? `${bytes} bytes`
      : bytes < 1048576 ? `${Math.round(bytes / 1024)} KiB`
      : `${(bytes / 1048576).toFixed(1)} MiB`;

  const fail = (text) => {
    sending.hidden = true;
    button.disabled = false;
    fault.textContent = text;
    fault.hidden = false;
    fault.focus();
  };

  // Another file is another attempt; the same file again is the same one.
  const freshKey = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    key.value = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  // What the server would refuse need not be sent. What is in it, only the server can tell.
  const unfit = (file) => {
    const name = file.name.toLowerCase();
    if (file.size === 0) {
      return `${file.name} is empty.`;
    }
    if (file.size > most) {
      return `${file.name} has ${size(file.size)}; at most ${size(most)} are taken. Leave out data, ` +
        "build folders (target, __pycache__, .venv) and .git.";
    }
    if (name.endsWith(".py") && file.name !== "solution.py") {
      return `${file.name}: a single file must be called solution.py; several go into a .zip.`;
    }
    if (!name.endsWith(".py") && !endings.some((ending) => name.endsWith(ending))) {
      return `${file.name} is none of ${endings.join(", ")}, and not solution.py.`;
    }
    return null;
  };

  const look = () => {
    const file = input.files[0];
    chosen.hidden = !file;
    fault.hidden = true;
    if (!file) {
      return;
    }
    freshKey();
    chosen.textContent = `Chosen: ${file.name}, ${size(file.size)}.`;
    const why = unfit(file);
    if (why) {
      fail(why);
    }
  };
  input.addEventListener("change", look);

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
      look();
    } else {
      fail("Please drop one file: an archive, or a single solution.py.");
    }
  });

  const answered = (request) => {
    if (request.status < 400) {
      location.assign(request.responseURL);
      return;
    }
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const said = page.querySelector("main p");
    fail(said ? said.textContent : "The upload was not accepted.");
  };

  const send = (tries) => {
    // Said once: the bar shows the rest, and whoever listens is not read every step of it.
    const what = size(input.files[0].size);
    words.textContent = tries === 0 ? `Sending ${what}.` : `Sending ${what} again (try ${tries + 1}).`;
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
    request.addEventListener("load", () => answered(request));
    request.addEventListener("error", async () => {
      const file = input.files[0];
      try {
        await file.slice(0, 1).arrayBuffer();
      } catch {
        fail(`${file.name} has changed or gone since it was chosen. Please choose it again.`);
        return;
      }
      if (tries < pauses.length) {
        words.textContent = "The connection broke. It is sent again in a moment.";
        setTimeout(() => send(tries + 1), pauses[tries]);
      } else {
        fail("The connection broke, so whether it arrived isn't known. Press “Hand in” again: " +
          "the same upload is never taken in twice.");
      }
    });
    request.open("POST", form.action);
    request.send(new FormData(form));
  };

  // Back from the submission's page: what is handed in now is another attempt.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      freshKey();
      sending.hidden = true;
      button.disabled = false;
    }
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const file = input.files[0];
    const why = file ? unfit(file) : "Please choose a file.";
    if (why) {
      fail(why);
      return;
    }
    fault.hidden = true;
    button.disabled = true;
    sending.hidden = false;
    send(0);
  });
}
