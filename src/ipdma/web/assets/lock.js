// First of all: the one road that no content policy closes (WebRTC) is taken out of this frame.
"use strict";
for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "RTCDataChannel"]) delete window[name];
