// The outer page: puts everything else into a frame that may run scripts and save files, and nothing more.
"use strict";
(() => {
  // WebRTC is the one road that no content policy closes
  for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "RTCDataChannel"]) delete window[name];

  const KEPT = "ipdma-site-mapping";
  const remembered = () => {
    try {
      return sessionStorage.getItem(KEPT);
    } catch {
      return null;
    }
  };
  const remember = (text) => {
    try {
      if (text) sessionStorage.setItem(KEPT, text);
      else sessionStorage.removeItem(KEPT);
    } catch {
      // a browser that keeps nothing: the page warns before it is left
    }
  };
  const decode = (text) => {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const letters = atob(text);
    const bytes = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
    return bytes;
  };

  const frame = document.createElement("iframe");
  frame.title = document.title;
  frame.sandbox = "allow-scripts allow-downloads";
  frame.srcdoc = JSON.parse(document.getElementById("frame").textContent);
  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow) return;
    const { hello, keep } = event.data;
    if (keep !== undefined) remember(keep);
    if (!hello) return;
    const element = document.getElementById("payload");
    const payload = decode(element.textContent.trim()).buffer;
    element.remove();
    frame.contentWindow.postMessage({ payload, kept: remembered() }, "*", [payload]);
  });
  document.body.append(frame);
})();
