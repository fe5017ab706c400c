// The three ways to move: what each says when it begins, and what the button calls the one that follows.

export const MODES = {
  walk: { next: "fly", nextName: "Fly (V)", words: "Walking: at eye height, as far as the scene holds" },
  fly: { next: "orbit", nextName: "Orbit (O)", words: "Flying: wherever you look, through walls too" },
  orbit: { next: "walk", nextName: "Walk (V)", words: "Orbiting: drag to turn, wheel to come nearer" },
};
