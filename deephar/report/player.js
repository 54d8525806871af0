// Time: one player for a video, or for the poses alone where there is none. It says "frame" whenever another is shown.

class Player extends EventTarget {
  /**
   * times: Float32Array, s, when each frame is shown; endS: when the last one ends; video: element or null;
   * offsetS: where the video's own time is when the first frame is shown; signal: aborted when the page goes on.
   */
  constructor(times, endS, video, offsetS, signal) {
    super();
    Object.assign(this, { times, endS, video, offsetS, frame: 0, now: 0, rate: 1, running: false });
    signal.addEventListener("abort", () => this.pause());
    if (video) this.listen(video, signal);
  }

  listen(video, signal) {
    const tell = (name) => () => this.dispatchEvent(new Event(name));
    for (const name of ["play", "pause"]) video.addEventListener(name, tell("state"), { signal });
    const exact = "requestVideoFrameCallback" in video;
    const shown = (_, about) => {
      if (signal.aborted) return;
      if (this.video && !video.seeking) this.show(about.mediaTime - this.offsetS); // else it is of before
      video.requestVideoFrameCallback(shown);
    };
    if (exact) video.requestVideoFrameCallback(shown);
    const roughly = () => {
      if (!exact && this.video) this.show(video.currentTime - this.offsetS);
      if (!exact && !video.paused && !signal.aborted) requestAnimationFrame(roughly);
    };
    for (const name of ["play", "seeked", "timeupdate"]) video.addEventListener(name, roughly, { signal });
    video.addEventListener("error", () => this.lose(), { signal });
  }

  /** Go on without the video, which cannot be played. */
  lose() {
    if (!this.video) return;
    this.video = null;
    this.running = false;
    this.dispatchEvent(new Event("lost"));
    this.dispatchEvent(new Event("state"));
  }

  get paused() {
    return this.video ? this.video.paused : !this.running;
  }

  /** The number of the frame that is shown at a time. */
  frameAt(time) {
    let low = 0, high = this.times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.times[middle] <= time + 1e-3) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  show(time) {
    this.now = clamp(time, 0, this.endS);
    this.frame = this.frameAt(this.now);
    this.dispatchEvent(new Event("frame"));
  }

  /** Show the frame of a time; of a video its middle, so that rounding does not show its neighbour. */
  seek(time) {
    const frame = this.frameAt(clamp(time, 0, this.endS));
    const begin = this.times[frame] ?? 0, end = this.times[frame + 1] ?? this.endS;
    if (this.video) this.video.currentTime = begin + Math.min((end - begin) / 2, 0.02) + this.offsetS;
    this.show(begin);
  }

  step(frames) {
    this.pause();
    this.seek(this.times[clamp(this.frame + frames, 0, this.times.length - 1)]);
  }

  setRate(rate) {
    this.rate = rate;
    if (this.video) this.video.playbackRate = rate;
  }

  toggle() {
    if (this.paused) this.play();
    else this.pause();
  }

  play() {
    if (this.frame >= this.times.length - 1) this.seek(0);
    if (this.video) {
      this.video.play().catch((error) => error.name !== "AbortError" && this.lose());
      return;
    }
    this.running = true;
    let before = performance.now();
    const move = (now) => {
      if (!this.running) return;
      this.show(this.now + (Math.max(0, now - before) / 1000) * this.rate);
      before = now;
      if (this.now >= this.endS) this.pause();
      else requestAnimationFrame(move);
    };
    requestAnimationFrame(move);
    this.dispatchEvent(new Event("state"));
  }

  pause() {
    this.running = false;
    if (this.video) this.video.pause();
    this.dispatchEvent(new Event("state"));
  }
}
