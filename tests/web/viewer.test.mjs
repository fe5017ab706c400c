// The parts of the viewer that need neither a page nor a graphics card. To be run with `node --test`.

import assert from "node:assert/strict";
import test from "node:test";
import { Clock } from "../../static/js/viewer/clocks.js";
import { Collider } from "../../static/js/viewer/collider.js";
import { decide } from "../../static/js/viewer/decide.js";
import { Detail } from "../../static/js/viewer/detail.js";
import { Remains } from "../../static/js/viewer/edits.js";
import { groundHeading, pictureHeading, vectorOf } from "../../static/js/viewer/directions.js";
import { Film } from "../../static/js/viewer/film.js";
import { PadButtons } from "../../static/js/viewer/gamepad.js";
import { splatFromGlb } from "../../static/js/viewer/glb.js";
import { fetchPicture } from "../../static/js/viewer/loading.js";
import { homePose, isMoving, lookOnly, noIntent, step, withMode } from "../../static/js/viewer/movement.js";
import { levelsFor, Pace } from "../../static/js/viewer/pace.js";
import { measured } from "../../static/js/viewer/measure.js";
import { Pictures } from "../../static/js/viewer/pictures.js";
import { FrameCache } from "../../static/js/viewer/sequence.js";
import { shortcut } from "../../static/js/viewer/shortcuts.js";
import { trianglesFromGlb } from "../../static/js/viewer/triangles.js";
import { walkingRange } from "../../static/js/viewer/walking_range.js";
import { sentTo } from "../../static/js/viewer/way.js";

const OPEN_WORLD = { speed: 1, eyeRange: 0.5, borders: [] };
const ROUNDING = 1e-9;

const around = (x, z, limitAt) => ({ x, z, limitAt });
const within = (limit) => ({ ...OPEN_WORLD, borders: [around(0, 0, limit)] });

/** The pose after so many seconds in which somebody wants the same all the time, in steps of `dt`. */
function moved(pose, wanted, seconds, dt, world = OPEN_WORLD) {
  const intent = { ...noIntent(), ...wanted };
  for (let i = 0; i < Math.round(seconds / dt); i++) pose = step(pose, intent, dt, world);
  return pose;
}

const bordersOf = (ranges) => walkingRange(ranges).borders;

const NAMES = ["x", "y", "z"].flatMap((axis) => [`+${axis}`, `-${axis}`]).concat(
  ["+x", "-x"].flatMap((x) => ["+y", "-y"].flatMap((y) => ["+z", "-z"].map((z) => x + y + z))));

const awayFromHome = ({ x, z }) => Math.hypot(x, z);

/** How far a pose lies beyond the limit; negative within it. */
const beyond = (pose, limit) => awayFromHome(pose) - limit(Math.atan2(pose.x, -pose.z));

function assertNear(value, expected, tolerance, message = "") {
  assert.ok(Math.abs(value - expected) < tolerance, `${message} ${value} is not within ${tolerance} of ${expected}`);
}

// Moving

for (const dt of [1 / 120, 1 / 10, 0.5]) {
  test(`ahead is -z, and one gets as far with steps of ${dt.toFixed(3)} s as with any others`, () => {
    const { x, z } = moved(homePose(), { forward: 1 }, 2, dt);
    assertNear(z, -2 + 0.13, 0.03);
    assertNear(x, 0, ROUNDING);
  });
}

test("right is +x", () => {
  const { x } = moved(homePose(), { right: 1 }, 1, 0.01);
  assert.ok(x > 0.8, `x is ${x}`);
});

test("after a quarter turn to the right, ahead is +x", () => {
  const turning = moved(homePose(), { pan: { heading: Math.PI / 2 / 100, pitch: 0 } }, 1, 0.01);
  const turned = moved(turning, {}, 1, 0.01);
  const { x, z } = moved(turned, { forward: 1 }, 1, 0.01);
  assert.ok(x > 0.8, `x is ${x}`);
  assertNear(z, 0, 0.01);
});

test("whoever walks rises as far as the eye range, and sinks as far", () => {
  const high = moved(homePose(), { up: 1 }, 5, 0.1);
  assertNear(high.y, 0.5, 0.01);
  assertNear(moved(high, { up: -1 }, 5, 0.1).y, -0.5, 0.01);
});

test("in a sphere one turns and zooms, and stays where one is", () => {
  const all = { right: 1, up: 1, forward: 1, turn: 1, tilt: 0.1, shift: { right: 1, forward: 1 }, zoom: 0.9 };
  const { x, y, z, heading, fov } = moved(homePose("fly"), lookOnly({ ...noIntent(), ...all }), 1, 0.1);
  assert.deepEqual([x, y, z].map(Math.abs), [0, 0, 0]);
  assert.ok(heading > 0.5, `heading is ${heading}`);
  assert.ok(fov < 60, `fov is ${fov}`);
});

// The limit of the walking range

for (const dt of [0.01, 0.1, 0.5, 1]) {
  const world = within(() => 1.5);
  const atLimit = () => moved(homePose(), { forward: 1, fast: true }, 20, dt, world);

  test(`walking ends at the limit and says so, with steps of ${dt} s`, () => {
    const pose = atLimit();
    assert.ok(beyond(pose, world.borders[0].limitAt) <= ROUNDING, `${awayFromHome(pose)} m is beyond the limit`);
    assert.ok(awayFromHome(pose) > 1.4, `${awayFromHome(pose)} m is well before the limit`);
    assert.ok(pose.stopped);
  });

  test(`one walks back from the limit freely, with steps of ${dt} s`, () => {
    const { z } = moved(atLimit(), { forward: -1 }, 1, dt, world);
    assert.ok(-z < 1.2, `z is ${z}`);
  });
}

test("flying goes on beyond the limit", () => {
  const { z } = moved(homePose("fly"), { forward: 1 }, 10, 0.1, within(() => 1.5));
  assert.ok(-z > 8, `z is ${z}`);
});

const OUTSIDE = { ...homePose(), z: -10 };
const SMALL_WORLD = within(() => 1);

test("nobody who stands outside the walking range is pulled back", () => {
  assert.equal(moved(OUTSIDE, {}, 2, 0.1, SMALL_WORLD).z, -10);
});

test("nobody walks further out from outside the walking range", () => {
  const { z } = moved(OUTSIDE, { forward: 1 }, 2, 0.1, SMALL_WORLD);
  assert.ok(z >= -10.001, `z is ${z}`);
});

test("one walks back into the walking range freely", () => {
  const { z } = moved(OUTSIDE, { forward: -1 }, 5, 0.1, SMALL_WORLD);
  assert.ok(z > -6, `z is ${z}`);
});

for (const dt of [0.02, 0.25]) {
  test(`sliding does not lead into narrow directions, with steps of ${dt} s`, () => {
    const narrow = { "+x": 0.5, "+x+y+z": 0.5, "+x-y+z": 0.5 };
    const world = walkingRange({ ...Object.fromEntries(NAMES.map((name) => [name, 5])), ...narrow });
    const ahead = moved(homePose(), { forward: 1 }, 3, 0.02, world);
    const pose = moved(ahead, { right: 1 }, 20, dt, world);
    assert.ok(beyond(pose, world.borders[0].limitAt) <= 0.02, `${beyond(pose, world.borders[0].limitAt)} m beyond the limit`);
  });
}

test("a straight walk into the limit stays straight, however the border lies there", () => {
  const [{ limitAt }] = bordersOf(Object.fromEntries(NAMES.map((name, i) => [name, 0.2 + 0.1 * ((i * 7) % 5)])));
  for (let degrees = 0; degrees < 360; degrees += 15) {
    const heading = (degrees * Math.PI) / 180;
    const look = { heading, pitch: 0, fov: 75 };
    const aside = { x: 0.02 * Math.cos(heading), z: 0.02 * Math.sin(heading) };
    for (const begin of [{ x: 0, z: 0 }, aside]) {
      const pose = moved({ ...homePose(), ...look, ...begin, goal: { ...look, y: 0 } }, { forward: 1 }, 5, 0.05, within(limitAt));
      const across = Math.cos(heading) * (pose.x - begin.x) + Math.sin(heading) * (pose.z - begin.z);
      assert.ok(Math.abs(across) < 1e-6, `${across} m sideways at ${degrees} degrees`);
      assert.ok(pose.stopped && beyond(pose, limitAt) > -0.02, `${beyond(pose, limitAt)} m before the limit at ${degrees} degrees`);
    }
  }
});

const BORDERS = {
  "round border": () => 2,
  "wavy border": (azimuth) => 2 - 0.3 * Math.cos(3 * azimuth),
  "border off the centre": (azimuth) => 2 + 0.5 * Math.sin(azimuth),
};

for (const [name, limit] of Object.entries(BORDERS)) {
  for (const dt of [0.016, 0.1, 0.5]) {
    const world = within(limit);
    const atBorder = () => moved(homePose(), { forward: 1 }, 6, dt, world);

    test(`one slides along a ${name} and stays inside, with steps of ${dt} s`, () => {
      const pose = moved(atBorder(), { right: 1 }, 3, dt, world);
      assert.ok(pose.x > 0.8, `x is ${pose.x}`);
      assert.ok(beyond(pose, limit) <= 1e-6, `${beyond(pose, limit)} m beyond the limit`);
    });

    test(`no way of wandering about leads out of a ${name}, with steps of ${dt} s`, () => {
      let pose = atBorder();
      for (let i = 0; i < 2000; i++) {
        const wanted = { right: Math.sin(i * 0.7), forward: Math.cos(i * 0.31) + 0.3, fast: i % 3 === 0 };
        pose = step(pose, { ...noIntent(), ...wanted }, dt, world);
        assert.ok(beyond(pose, limit) <= 1e-6, `${beyond(pose, limit)} m beyond the limit after step ${i}`);
      }
    });
  }
}

// Walls, stairs and holes

const EYE = 1.6;

/** Two triangles for a rectangle: a corner and the two sides from there. */
function plate([x, y, z], [ux, uy, uz], [vx, vy, vz]) {
  const [a, b, c, d] = [[x, y, z], [x + ux, y + uy, z + uz], [x + ux + vx, y + uy + vy, z + uz + vz], [x + vx, y + vy, z + vz]];
  return [a, b, c, a, c, d].flat();
}

const FLOOR = plate([-20, -EYE, -20], [40, 0, 0], [0, 0, 40]);

/** The world of a floor and other things on it. */
const built = (...plates) => ({ ...OPEN_WORLD, collider: new Collider(Float32Array.from([FLOOR, ...plates].flat())) });

/** An upright wall from one place to another, from the floor up. */
const wall = (fromX, fromZ, toX, toZ, height = 3) => plate([fromX, -EYE, fromZ], [toX - fromX, 0, toZ - fromZ], [0, height, 0]);

const turnedBy = (degrees) => {
  const heading = (degrees * Math.PI) / 180;
  return { ...homePose(), heading, goal: { ...homePose().goal, heading } };
};

for (const [speed, dt] of [[1, 1 / 60], [10, 1 / 10], [10, 0.5]]) {
  const world = { ...built(wall(-90, -2, 90, -2)), speed };

  test(`a wall stops a walk and is never passed, at ${speed} m/s with steps of ${dt.toFixed(3)} s`, () => {
    for (const degrees of [0, 20, -50, 80]) {
      let pose = turnedBy(degrees);
      for (let i = 0; i < 5 / dt && Math.abs(pose.x) < 15; i++) {
        pose = step(pose, { ...noIntent(), forward: 1, fast: true }, dt, world);
        assert.ok(pose.z >= -1.8 - 1e-6, `${-1.8 - pose.z} m too near the wall`);
      }
      assertNear(pose.z, -1.8, 0.01, `at ${degrees} degrees:`);
    }
  });

  test(`along a wall one slides at a constant distance, at ${speed} m/s with steps of ${dt.toFixed(3)} s`, () => {
    let pose = { ...turnedBy(45), z: -1.8 };
    for (let i = 0; i < 1 / dt && pose.x < 15; i++) {
      pose = step(pose, { ...noIntent(), forward: 1 }, dt, world);
      assertNear(pose.z, -1.8, 1e-6);
    }
    assert.ok(pose.x > 0.5 * speed, `x is ${pose.x}`);
  });

  test(`no way of wandering about leads out of a room with a corner and a pillar, at ${speed} m/s with steps of ${dt.toFixed(3)} s`, () => {
    const corners = [[-2, -2], [3, -3], [3, 2], [0.5, 0.6], [-2, 2]];
    const sides = corners.map((from, i) => [from, corners[(i + 1) % corners.length]]);
    const pillar = [wall(1, -1, 1.2, -1), wall(1.2, -1, 1.2, -1.2), wall(1.2, -1.2, 1, -1.2), wall(1, -1.2, 1, -1)];
    const room = { ...built(...sides.map(([from, to]) => wall(...from, ...to)), ...pillar), speed };
    let pose = homePose();
    for (let i = 0; i < 600; i++) {
      pose = step(pose, { ...noIntent(), right: Math.sin(i * 0.7), forward: Math.cos(i * 0.31) + 0.3, turn: 1 }, dt, room);
      for (const [[ax, az], [bx, bz]] of sides) {
        const off = ((bx - ax) * (pose.z - az) - (bz - az) * (pose.x - ax)) / Math.hypot(bx - ax, bz - az);
        const along = ((bx - ax) * (pose.x - ax) + (bz - az) * (pose.z - az)) / Math.hypot(bx - ax, bz - az) ** 2;
        if (along > 0 && along < 1) assert.ok(Math.abs(off) > 0.199, `${off} m from a wall after step ${i}`);
      }
      assert.ok(pose.x > -2 && pose.x < 3 && pose.z > -3 && pose.z < 2, `${pose.x}, ${pose.z} is outside after step ${i}`);
    }
  });
}

/** A straight staircase ahead, from 1 m on. */
const stairs = (count, rise, tread) => Array.from({ length: count }, (_, i) => [
  plate([-1, -EYE + rise * i, -1 - tread * i], [2, 0, 0], [0, rise, 0]),
  plate([-1, -EYE + rise * (i + 1), -1 - tread * i], [2, 0, 0], [0, 0, -tread]),
]).flat();

for (const dt of [1 / 60, 1 / 10]) {
  const world = built(...stairs(8, 0.19, 0.26), plate([-1, -EYE + 8 * 0.19, -1 - 8 * 0.26], [2, 0, 0], [0, 0, -5]));

  test(`stairs are climbed and walked down again, with steps of ${dt.toFixed(3)} s`, () => {
    const up = moved(homePose(), { forward: 1 }, 6, dt, world);
    assertNear(up.y, 8 * 0.19, 0.01);
    assert.ok(up.z < -4, `z is ${up.z}`);
    const down = moved(up, { forward: -1 }, 8, dt, world);
    assertNear(moved(down, {}, 2, dt, world).y, 0, 0.01);
  });
}

test("what is higher than a step is a wall, and what is lower than one is stepped on", () => {
  const block = (height) => [wall(-1, -1, 1, -1, height), plate([-1, -EYE + height, -1], [2, 0, 0], [0, 0, -4])];
  assertNear(moved(homePose(), { forward: 1 }, 5, 0.05, built(...block(0.5))).z, -0.8, 0.01);
  const high = moved(homePose(), { forward: 1 }, 3, 0.05, built(...block(0.3)));
  assertNear(high.y, 0.3, 0.01);
});

test("nobody falls through a hole or off an edge", () => {
  const hole = { ...OPEN_WORLD, collider: new Collider(Float32Array.from([plate([-1, -EYE, 1], [2, 0, 0], [0, 0, -3]), plate([-1, -EYE, -5], [2, 0, 0], [0, 0, -5]),
    plate([-1, -EYE - 3, 1], [2, 0, 0], [0, 0, -9])].flat())) };
  let pose = homePose();
  for (let i = 0; i < 80; i++) {
    pose = step(pose, { ...noIntent(), forward: 1 }, 0.1, hole);
    assertNear(pose.y, 0, 1e-6);
  }
  assert.ok(pose.z < -7, `z is ${pose.z}`);
});

test("below what hangs low one does not pass, and below what hangs high one does", () => {
  const beam = (height) => plate([-5, -EYE + height, -1], [10, 0, 0], [0, 0, -0.5]);
  assertNear(moved(homePose(), { forward: 1 }, 4, 0.05, built(beam(1.2))).z, -0.8, 0.01);
  assert.ok(moved(homePose(), { forward: 1 }, 4, 0.05, built(beam(1.9))).z < -3);
});

test("triangles are read from a file as conversions write it", () => {
  const text = JSON.stringify({
    meshes: [{ primitives: [{ attributes: { POSITION: 0, COLOR_0: 1 }, indices: 2 }] }],
    accessors: [{ bufferView: 0, count: 3 }, { bufferView: 1, count: 3 }, { bufferView: 2, count: 6 }],
    bufferViews: [{ byteOffset: 0, byteLength: 36 }, { byteOffset: 36, byteLength: 24 }, { byteOffset: 60, byteLength: 24 }],
  }).padEnd(400);
  const bytes = new Uint8Array(4 + 20 + 400 + 8 + 84); // the file begins within its buffer
  const view = new DataView(bytes.buffer, 4);
  view.setUint32(12, 400, true);
  bytes.set(new TextEncoder().encode(text), 24);
  bytes.set(new Uint8Array(Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8]).buffer), 432);
  bytes.set(new Uint8Array(Uint32Array.from([0, 1, 2, 2, 1, 0]).buffer), 432 + 60);
  assert.deepEqual([...trianglesFromGlb(bytes.subarray(4))], [0, 1, 2, 3, 4, 5, 6, 7, 8, 6, 7, 8, 3, 4, 5, 0, 1, 2]);
});

test("what stands where the camera stood holds nobody", () => {
  const tripod = [wall(-0.1, -0.1, 0.1, -0.1), wall(-0.1, -0.1, 0, 0.1), wall(0.1, -0.1, 0, 0.1)];
  for (const degrees of [0, 90, 200, 300]) {
    const pose = moved(turnedBy(degrees), { forward: 1 }, 2, 0.05, built(...tripod));
    assert.ok(awayFromHome(pose) > 1.5, `${awayFromHome(pose)} m at ${degrees} degrees`);
  }
});

test("flying goes through walls and floors", () => {
  const world = built(wall(-90, -2, 90, -2));
  assert.ok(moved(homePose("fly"), { forward: 1 }, 9, 0.05, world).z < -3);
  assert.ok(moved(homePose("fly"), { up: -1 }, 9, 0.05, world).y < -EYE);
});

test("whoever comes back from flying stands on the ground below, and gets out of a wall", () => {
  const world = built(wall(-20, -2, 20, -2), plate([2, -EYE + 1, -1], [2, 0, 0], [0, 0, 2]));
  const above = withMode({ ...homePose("fly"), x: 3, y: 1.5 }, "walk");
  assertNear(moved(above, {}, 2, 0.05, world).y, 1, 0.01);
  const inWall = withMode({ ...homePose("fly"), z: -1.95 }, "walk");
  assert.ok(moved(inWall, { forward: -1 }, 2, 0.05, world).z > -0.8);
});

test("where nobody has stood the eye's height is that of people", () => {
  assertNear(new Collider(Float32Array.from(wall(-5, -3, 5, -3))).eye, 1.6, ROUNDING);
  assertNear(built().collider.eye, EYE, 1e-6);
});

test("the walking range holds beside walls too", () => {
  const world = { ...built(wall(-20, 0.3, 1, -3)), borders: [around(0, 0, () => 1.5)] };
  let pose = homePose();
  for (let i = 0; i < 400; i++) {
    pose = step(pose, { ...noIntent(), right: Math.sin(i * 0.17), forward: Math.cos(i * 0.11) }, 0.1, world);
    assert.ok(awayFromHome(pose) <= 1.5 + 1e-6, `${awayFromHome(pose)} m after step ${i}`);
  }
});

// Going where one points, and orbiting

for (const dt of [1 / 60, 1 / 5, 1]) {
  test(`one goes to the place on the floor, with steps of ${dt.toFixed(3)} s`, () => {
    const pose = moved(sentTo(homePose(), { x: 2, y: -EYE, z: -3 }, built().collider), {}, 8, dt, built());
    assertNear(pose.x, 2, 0.05);
    assertNear(pose.z, -3, 0.05);
    assert.equal(pose.way, null);
    assert.ok(!isMoving(moved(pose, {}, 2, dt, built())));
  });
}

test("one goes before a wall, not into it, and no farther than the walking range", () => {
  const world = built(wall(-20, -4, 20, -4));
  assertNear(moved(sentTo(homePose(), { x: 0, y: 0.2, z: -4 }, world.collider), {}, 6, 0.05, world).z, -3.4, 0.05);
  const near = { ...world, borders: [around(0, 0, () => 1)] };
  const pose = moved(sentTo(homePose(), { x: 0, y: -EYE, z: -3 }, near.collider), {}, 9, 0.05, near);
  assertNear(pose.z, -1, 0.02);
  assert.equal(pose.way, null);
});

test("who takes a step goes no longer where they were sent", () => {
  const sent = moved(sentTo(homePose(), { x: 0, y: -EYE, z: -3 }, null), {}, 0.2, 0.05);
  assert.ok(sent.way && sent.z < 0);
  assert.equal(step(sent, { ...noIntent(), right: 1 }, 0.05, OPEN_WORLD).way, null);
});

test("where motion is to be reduced one is there at once, and nothing glides or turns on", () => {
  const calm = { ...built(), isCalm: true };
  const there = step(sentTo(homePose(), { x: 1, y: -EYE, z: -2 }, calm.collider), noIntent(), 1 / 60, calm);
  assertNear(there.z, -2, 0.02);
  const moving = step(there, { ...noIntent(), forward: 1, pan: { heading: 0.3, pitch: 0 } }, 1 / 60, calm);
  assertNear(moving.heading, 0.3, 1e-6);
  assert.ok(!isMoving(step(moving, noIntent(), 1 / 60, calm)));
});

test("a walk glides to its halt", () => {
  const walking = moved(homePose(), { forward: 1 }, 1, 0.01);
  const halted = moved(walking, {}, 2, 0.01);
  assertNear(walking.z - halted.z, 0.2, 0.01);
});

test("in orbit the point stays in the middle, at its distance until one zooms", () => {
  const pivot = { x: 1, y: -0.5, z: -2 };
  const start = withMode(homePose(), "orbit", pivot);
  const apart = ({ x, y, z }) => Math.hypot(x - pivot.x, y - pivot.y, z - pivot.z);
  const pose = moved(start, { pan: { heading: 0.01, pitch: 0.002 } }, 1, 0.05);
  assertNear(apart(pose), apart(start), 1e-6);
  const ahead = { x: Math.sin(pose.heading) * Math.cos(pose.pitch), y: Math.sin(pose.pitch), z: -Math.cos(pose.heading) * Math.cos(pose.pitch) };
  for (const axis of ["x", "y", "z"]) assertNear(pose[axis] + ahead[axis] * apart(pose), pivot[axis], 1e-6);
  assert.ok(pose.heading < start.heading, "the near side follows the pointer");
  assertNear(apart(moved(start, { zoom: 0.5 ** (1 / 20) }, 1, 0.05)), apart(start) / 2, 0.1);
  assert.equal(pose.fov, start.fov);
});

test("from an orbit one comes back to the ground", () => {
  const pose = moved(withMode(homePose(), "orbit", { x: 0, y: 0, z: -2 }), { pan: { heading: 0.1, pitch: -0.02 } }, 0.5, 0.05);
  assert.ok(Math.abs(pose.y) > 0.2);
  assertNear(moved(withMode(pose, "walk"), {}, 2, 0.05, built()).y, 0, 0.01);
});

// The walking range of a scene

const RANGES = Object.fromEntries(NAMES.map((name, i) => [name, 0.1 + 0.13 * i]));

test("the limit is the measured range: to the right, back, to the left, ahead", () => {
  const [{ limitAt }] = bordersOf(RANGES);
  for (const [azimuth, name] of [[0, "+z"], [Math.PI / 2, "+x"], [Math.PI, "-z"], [-Math.PI / 2, "-x"], [2 * Math.PI, "+z"]]) {
    assertNear(limitAt(azimuth), RANGES[name], ROUNDING, name);
  }
});

test("half way between two axes the limit is the mean of the directions above and below", () => {
  const [{ limitAt }] = bordersOf(RANGES);
  assertNear(limitAt(Math.PI / 4), (RANGES["+x+y+z"] + RANGES["+x-y+z"]) / 2, ROUNDING);
  assertNear(limitAt((-3 * Math.PI) / 4), (RANGES["-x+y-z"] + RANGES["-x-y-z"]) / 2, ROUNDING);
});

test("the limit has no jumps", () => {
  const [{ limitAt }] = bordersOf(RANGES);
  for (let i = 0; i < 720; i++) assertNear(limitAt((i * Math.PI) / 360), limitAt(((i + 1) * Math.PI) / 360), 0.05);
});

test("of several panoramas one walks as far as from any of them", () => {
  const ranges = Object.fromEntries(NAMES.map((name) => [name, 1]));
  const viewpoints = [{ position_m: [0, 0, 0], walking_range_m: ranges }, { position_m: [0, 0, 1.5], walking_range_m: ranges }];
  const world = walkingRange(ranges, viewpoints);
  const pose = moved(homePose(), { forward: 1 }, 20, 0.05, world);
  assertNear(pose.z, -2.5, 0.02);
  assert.ok(pose.stopped);
  assertNear(moved(pose, { forward: -1 }, 20, 0.05, world).z, 1, 0.02);
});

test("one walks as far as was measured, and flies on", () => {
  const ranges = Object.fromEntries(NAMES.map((name) => [name, 0.3]));
  const walked = moved(homePose(), { forward: 1 }, 10, 0.02, walkingRange(ranges));
  assertNear(-walked.z, 0.3, 0.02);
  assert.ok(walked.stopped);
  assert.ok(-moved(homePose("fly"), { forward: 1 }, 5, 0.02, walkingRange(ranges)).z > 1);
});

test("one rises no farther than was measured, and slower where one can go less far", () => {
  assert.equal(walkingRange({ ...RANGES, "+y": 0.2, "-y": 1.5 }).eyeRange, 0.2);
  const [near, far] = [0.2, 2].map((metres) => walkingRange(Object.fromEntries(NAMES.map((name) => [name, metres]))));
  assert.ok(near.speed < far.speed, `${near.speed} and ${far.speed}`);
});

test("where nobody has measured, nothing stops a walk", () => {
  for (const unknown of [null, undefined, {}, { "+x": 1 }]) assert.deepEqual(walkingRange(unknown).borders, []);
  assert.ok(-moved(homePose(), { forward: 1 }, 5, 0.1, walkingRange(null)).z > 4);
});

// Frames in memory

const tick = () => new Promise((resolve) => setImmediate(resolve));

async function ticks(count) {
  for (let i = 0; i < count; i++) await tick();
}

/** A cache whose frames take a tick to load, and what it has done so far. */
function countedCache() {
  const counts = { loads: [], live: 0, running: 0, mostRunning: 0 };
  const load = async (index) => {
    counts.loads.push(index);
    counts.running++;
    counts.mostRunning = Math.max(counts.mostRunning, counts.running);
    await tick();
    counts.running--;
    counts.live++;
    return { bytes: 10, dispose: () => counts.live-- };
  };
  return { cache: new FrameCache({ load }), counts };
}

/** Want fifty frames one after the other, without waiting for any of them. */
async function scrubbed() {
  const { cache, counts } = countedCache();
  for (let i = 0; i < 50; i++) cache.want([i, i + 1, i + 2]);
  await ticks(20);
  return { cache, counts };
}

/** Play twenty frames, each of which has the time to load. */
async function played({ cache, counts }) {
  for (let i = 0; i < 20; i++) {
    cache.want([i, i + 1, i + 2]);
    await ticks(3);
  }
  return { cache, counts };
}

test("whoever scrubs gets the frames wanted last, and few of those on the way are loaded", async () => {
  const { cache, counts } = await scrubbed();
  for (const index of [49, 50, 51]) assert.ok(cache.get(index), `frame ${index} is missing`);
  assert.ok(counts.loads.length < 8, `loaded ${counts.loads}`);
  assert.ok(counts.live <= 6, `${counts.live} frames in memory`);
});

test("two frames are loaded at once, and no more", async () => {
  const { counts } = await scrubbed();
  assert.equal(counts.mostRunning, 2);
});

test("however long a video plays, six frames at most are in memory", async () => {
  const { counts } = await played(await scrubbed());
  assert.ok(counts.live <= 6, `${counts.live} frames in memory`);
});

test("a cache that is disposed leaves no frame behind", async () => {
  const { cache, counts } = await played(await scrubbed());
  cache.dispose();
  assert.equal(counts.live, 0);
});

test("frames for which there is no memory are not loaded, and the wanted one takes the place of the one before", async () => {
  const cache = new FrameCache({ load: async () => ({ bytes: 300e6, dispose() {} }) });
  cache.want([0, 1, 2]);
  await ticks(9);
  assert.deepEqual(cache.held, [0]);
  cache.want([5, 6]);
  await ticks(9);
  assert.deepEqual(cache.held, [5]);
});

/** A cache that has failed to load frame 3, the errors that it told of, and how to make loading possible. */
async function failedCache() {
  const errors = [];
  let isBroken = true;
  const load = async () => {
    if (isBroken) throw new Error("broken");
    return { bytes: 1, dispose() {} };
  };
  const cache = new FrameCache({ load, onError: (index) => errors.push(index) });
  cache.want([3]);
  await ticks(5);
  return { cache, errors, mend: () => (isBroken = false) };
}

test("a frame that cannot be loaded is told of once, and not tried again by itself", async () => {
  const { cache, errors } = await failedCache();
  assert.deepEqual(errors, [3]);
  cache.want([3]);
  await ticks(5);
  assert.deepEqual(errors, [3]);
});

test("a frame that could not be loaded is there after a retry", async () => {
  const { cache, mend } = await failedCache();
  mend();
  cache.retry();
  await ticks(5);
  assert.ok(cache.get(3));
});

// The clock of a video

const always = () => true;

function playingClock(fps, count) {
  const clock = new Clock(fps, count);
  clock.playing = true;
  return clock;
}

test("the clock goes from frame to frame, and begins again after the last", () => {
  const clock = playingClock(10, 5);
  for (const [seconds, frame] of [[0.1, 1], [0.05, 1], [0.06, 2], [0.09, 3], [0.1, 4], [0.1, 0]]) {
    clock.advance(seconds, always);
    assert.equal(clock.frame, frame);
  }
  assert.deepEqual(clock.upcoming(), [0, 1, 2]);
});

test("before there is any frame the clock stands at the first", () => {
  const clock = playingClock(10, 0);
  assert.equal(clock.advance(1, always), 0);
  assert.deepEqual(clock.upcoming(), []);
});

test("where one picture takes as long as whole rounds the frames come all the same, each in its turn", () => {
  const clock = playingClock(10, 3);
  assert.deepEqual(Array.from({ length: 5 }, () => clock.advance(1, always)), [1, 2, 0, 1, 2]);
});

test("the clock waits for a frame to be drawn, and hurries no more after it than before", () => {
  const clock = playingClock(10, 5);
  for (let i = 0; i < 9; i++) assert.equal(clock.advance(0.09, () => false), 0);
  assert.equal(clock.advance(0.01, always), 1);
  assert.equal(clock.advance(0.08, always), 1);
  assert.equal(clock.advance(0.02, always), 2);
});

test("after the last frame the first ones are next", () => {
  const clock = new Clock(10, 5);
  clock.seek(4);
  assert.deepEqual(clock.upcoming(), [4, 0, 1]);
});

test("without a loop nothing is next after the last frame, where the clock stops", () => {
  const clock = playingClock(10, 5);
  clock.loop = false;
  clock.seek(4);
  assert.deepEqual(clock.upcoming(), [4]);
  clock.advance(0.2, always);
  assert.equal(clock.frame, 4);
  assert.equal(clock.playing, false);
});

test("without a loop the clock stops when the last frame has been drawn, and has had its time", () => {
  const clock = playingClock(10, 3);
  clock.loop = false;
  clock.seek(1);
  clock.advance(9, always);
  clock.advance(9, () => false);
  assert.deepEqual([clock.frame, clock.playing], [2, true]);
  clock.advance(0.01, always);
  assert.deepEqual([clock.frame, clock.playing], [2, false]);
});

/** The frames of a film of `count` that are drawn in so many ticks of 1/60 s, where each needs `ticksEach` until it is. */
async function drawnInTurn(count, ticksEach, number) {
  const drawn = [];
  let wait = 0;
  const film = new Film({
    clock: playingClock(30, 0),
    load: async (url) => ({ bytes: 1, dispose() {}, url }),
    show: () => (wait = ticksEach),
    isDrawn: () => wait === 0,
  });
  film.setUrls(Array.from({ length: count }, (_, index) => `${index}`));
  for (let i = 0; i < number; i++) {
    await ticks(1);
    film.tick(1 / 60);
    if (wait > 0 && --wait === 0) drawn.push(film.shown);
  }
  return drawn;
}

for (const [ticksEach, number] of [[1, 12], [2, 12], [9, 54]]) {
  test(`a short film is drawn in its order, where a picture takes ${ticksEach} ticks`, async () => {
    assert.deepEqual((await drawnInTurn(3, ticksEach, number)).slice(0, 5), [0, 1, 2, 0, 1]);
  });
}

for (const [fps, count] of [[10, 5], [30, 100], [49, 100]]) {
  test(`at ${fps} frames per second, whichever frame is sought is found`, () => {
    const clock = new Clock(fps, count);
    for (let i = 0; i < 100; i++) {
      clock.seek(i % count);
      assert.equal(clock.frame, i % count);
    }
  });
}

// How much is drawn

const COUNT = 1_500_000;

/** Draw with a pace until nothing better follows; a picture takes `seconds(level)`. Returns the level that is drawn in the end. */
function restedAt(pace, seconds) {
  for (let i = 0; i < 50; i++) {
    pace.took(seconds(pace.level));
    if (!pace.rest()) return pace.level;
  }
  throw new Error("it never comes to rest");
}

/** The level at which one moves after so many pictures. */
function movedAt(pace, seconds, pictures = 20) {
  for (let i = 0; i < pictures; i++) {
    pace.move();
    pace.took(seconds(pace.level));
  }
  pace.move();
  return pace.level;
}

const newPace = (isWeak = false, count = COUNT) => new Pace(levelsFor({ count, canThin: true, pixelRatio: 2 }), count, isWeak);
const cost = (perGaussian, perPixel) => ({ splats, pixels }) => Math.min(splats, COUNT) * perGaussian + pixels ** 2 * perPixel;

test("where pictures are quick all is drawn, moving or not", () => {
  const pace = newPace();
  assert.deepEqual(movedAt(pace, () => 0.02), { pixels: 2, splats: Infinity });
  assert.equal(pace.isSlow, false);
  assert.ok(pace.isFinal);
});

test("one slow picture, as the first one is, changes nothing", () => {
  const pace = newPace();
  pace.took(0.8);
  assert.deepEqual(movedAt(pace, () => 0.02), { pixels: 2, splats: Infinity });
});

test("where pixels take the time there are fewer of them, and all of them again for whoever stands still", () => {
  const pace = newPace();
  assert.deepEqual(movedAt(pace, cost(1e-9, 0.1)), { pixels: 1, splats: Infinity });
  assert.deepEqual(restedAt(pace, cost(1e-9, 0.1)), { pixels: 2, splats: Infinity });
});

test("where Gaussians take the time there are fewer of them, in three pictures", () => {
  const pace = newPace();
  assert.ok(movedAt(pace, cost(5e-6, 0.05), 3).splats <= 100_000);
  assert.ok(pace.isSlow);
});

test("who stands still sees what is drawn in about a second, and nothing that takes much longer is tried twice", () => {
  const drawn = [];
  const seconds = (level) => {
    drawn.push(cost(5e-6, 0.05)(level));
    return drawn.at(-1);
  };
  const pace = newPace(true);
  assert.ok(movedAt(pace, seconds).splats <= 100_000);
  drawn.length = 0;
  assert.ok(cost(5e-6, 0.05)(restedAt(pace, seconds)) <= 2);
  assert.ok(Math.max(...drawn) <= 2.5, `${drawn}`);
});

test("a computer that is known to be slow begins with little, and draws a small scene whole", () => {
  assert.ok(newPace(true).level.splats <= 100_000);
  assert.deepEqual(newPace(true, 8000).level, { pixels: 2, splats: Infinity });
});

test("a scene that cannot be thinned out has fewer pixels at most", () => {
  const pace = new Pace(levelsFor({ count: COUNT, canThin: false, pixelRatio: 1 }), COUNT, true);
  assert.deepEqual(movedAt(pace, () => 5), { pixels: 0.5, splats: Infinity });
});

test("pictures that tell nothing are not asked for without end", () => {
  const pace = newPace(true);
  let asked = 0;
  while (pace.rest()) asked += 1;
  assert.ok(asked < 10, `${asked}`);
});

test("whoever goes on moving gets quick pictures, however long ago the last one was", (context) => {
  let clock_ms = 0;
  context.mock.method(performance, "now", () => clock_ms);
  globalThis.window = { devicePixelRatio: 1 };
  const card = { getExtension: () => null, getParameter: () => "", fenceSync: () => ({}), getSyncParameter: () => "done", deleteSync: () => {} };
  const spark = { renderer: { getContext: () => card }, visible: true, activeSplats: 0 };
  const detail = new Detail(spark, { onChange: () => {}, onSlow: () => {} });
  detail.setMesh({ splats: { getNumSplats: () => COUNT, createLodSplats: async () => {} } }, { canThin: true });
  for (let picture = 0; picture < 3; picture++) {
    detail.started(true, true, false);
    clock_ms += 5000;
    detail.keep(clock_ms / 1000, { moves: true, isBusy: false, isDrawn: true });
  }
  assert.ok(spark.lodSplatCount <= 25_000, `${spark.lodSplatCount}`);
  delete globalThis.window;
});

// What is to be seen

function seenOf(view, sceneShown = false) {
  return decide({ view, chosen: { view: null, shape: "sphere" }, unavailable: null, sceneShown }).view;
}

test("a scene that there is not and will not be cannot be chosen", () => {
  const offered = (view) => decide({ view, chosen: { view: null, shape: "sphere" }, unavailable: null, sceneShown: false }).available;
  assert.deepEqual(offered({ panorama: "p", pending: false }), []);
  assert.deepEqual(offered({ panorama: "p", depth: "d", pending: false }), ["panorama", "depth"]);
  assert.deepEqual(offered({ panorama: "p", pending: true }), ["scene", "panorama"]);
});

test("without a job the place of the scene is seen", () => assert.equal(seenOf(null), "scene"));

test("the panorama is seen until the scene has been drawn", () => {
  assert.equal(seenOf({ scene: "a", panorama: "p" }), "panorama");
});

test("the scene is seen once it has been drawn", () => {
  assert.equal(seenOf({ scene: "a", panorama: "p" }, true), "scene");
});

test("a scene without a panorama is seen from the beginning", () => assert.equal(seenOf({ scene: "a" }), "scene"));

// Pictures, with a server and a decoder that do as they are told

/** A browser that knows the given URLs, and notes which of the pictures that it decoded are open; `onDecode` is called at each. */
function fakeBrowser(t, known, onDecode = () => {}) {
  const open = new Set();
  const decode = async (source, { resizeWidth = 4096 } = {}) => {
    onDecode(source);
    const bitmap = { width: resizeWidth, height: resizeWidth / 2, close: () => open.delete(bitmap) };
    open.add(bitmap);
    return bitmap;
  };
  const answer = async (url) => (known.has(url) ? new Response("a picture") : new Response(null, { status: 404 }));
  t.mock.method(globalThis, "fetch", answer);
  globalThis.createImageBitmap = decode;
  t.after(() => delete globalThis.createImageBitmap);
  return open;
}

const isBlob = (source) => source instanceof Blob;

test("a picture that is too wide is made smaller, and only that one stays open", async (t) => {
  const open = fakeBrowser(t, new Set(["a"]));
  const bitmap = await fetchPicture("a", { signal: new AbortController().signal, widest: 2048 });
  assert.deepEqual([bitmap.width, bitmap.height], [2048, 1024]);
  assert.deepEqual([...open], [bitmap]);
});

test("a picture that nobody wants any more when it has been made smaller is not handed over, nor left open", async (t) => {
  const gone = new AbortController();
  const open = fakeBrowser(t, new Set(["a"]), (source) => isBlob(source) || gone.abort());
  await assert.rejects(fetchPicture("a", { signal: gone.signal, widest: 2048 }), { name: "AbortError" });
  assert.equal(open.size, 0);
});

test("a picture that cannot be made smaller is closed", async (t) => {
  const open = fakeBrowser(t, new Set(["a"]), (source) => {
    if (!isBlob(source)) throw new Error("no memory");
  });
  await assert.rejects(fetchPicture("a", { signal: new AbortController().signal, widest: 2048 }), /no memory/);
  assert.equal(open.size, 0);
});

test("a picture that fails says so itself, and is the one that is loaded again", async (t) => {
  const known = new Set(["panorama"]);
  fakeBrowser(t, known);
  const scene = { renderer: { capabilities: { maxTextureSize: 8192 } }, makeTexture: (bitmap) => ({ bitmap, dispose() {} }) };
  const pictures = new Pictures(scene, () => {});
  for (const url of ["depth", "panorama"]) pictures.get(url);
  await ticks(5);
  assert.ok(pictures.get("panorama").texture);
  assert.equal(pictures.get("panorama").fault, null);
  const { fault } = pictures.get("depth");
  assert.match(fault.words, /not there any more/);
  known.add("depth");
  fault.again();
  assert.deepEqual(pictures.get("depth"), { texture: null, fault: null });
  await ticks(5);
  assert.ok(pictures.get("depth").texture);
});

// Keys and buttons

test("a gamepad's button acts once for each time that it is pressed", () => {
  const pad = { connected: true, mapping: "standard", buttons: [{ pressed: false }, {}, {}, { pressed: false }] };
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { getGamepads: () => [null, pad] } });
  const buttons = new PadButtons();
  const read = (down) => ((pad.buttons[0].pressed = down), buttons.read());
  assert.deepEqual([false, true, true, false, true].map(read), [[], ["goHome"], [], [], ["goHome"]]);
  pad.buttons[3].pressed = true;
  assert.deepEqual(buttons.read(), ["walkOrFly"]);
});

const SEEN = { scene: { sight: "scene", canPlay: true, canHelp: true }, nothing: { sight: null, canPlay: false, canHelp: false } };
const KEYS = {
  KeyR: "goHome", KeyM: "measure", KeyV: "walkOrFly", KeyO: "toggleOrbit", KeyK: "togglePlay", Space: "togglePlay",
};
const pressed = (code, facts) => shortcut({ code, key: "", onButton: false }, facts);

for (const [code, action] of Object.entries(KEYS)) {
  test(`${code} does something in a scene with a clock, and is left to the browser where nothing is seen`, () => {
    assert.equal(pressed(code, SEEN.scene), action);
    assert.equal(pressed(code, SEEN.nothing), null);
  });
}

test("in a sphere one can go home, and neither walk nor fly", () => {
  const sphere = { ...SEEN.nothing, sight: "sphere" };
  assert.deepEqual(["KeyR", "KeyV"].map((code) => pressed(code, sphere)), ["goHome", null]);
});

test("the space bar presses the button that has the focus, and nothing else", () => {
  assert.equal(shortcut({ code: "Space", key: " ", onButton: true }, SEEN.scene), null);
});

test("while one measures, Enter takes the middle and Escape ends it; a button that has the focus keeps both", () => {
  const facts = { ...SEEN.scene, measures: true };
  assert.deepEqual(["Enter", "Escape"].map((code) => pressed(code, facts)), ["measureMiddle", "measure"]);
  assert.equal(shortcut({ code: "Enter", key: "", onButton: true }, facts), null);
  assert.equal(pressed("Enter", SEEN.scene), null);
});

// Measuring

const place = (x, y, z) => ({ x, y, z, length: () => Math.hypot(x, y, z), distanceTo: (b) => Math.hypot(x - b.x, y - b.y, z - b.z) });

test("a place on the floor tells how high the camera stood, and one at eye height nothing to scale by", () => {
  assert.equal(measured([place(0, -1.6, -1.2)]).length, 1.6);
  assert.match(measured([place(0, -1.6, -1.2)]).words, /2\.00 m from the camera, which stood 1\.60 m above/);
  assert.equal(measured([place(0, 0.5, -3)]).length, null);
  assert.equal(measured([]).length, null);
});

test("two places tell how far they are apart, in centimetres up to ten metres", () => {
  assert.equal(measured([place(0, -1, -4), place(3, -1, 0)]).length, 5);
  assert.match(measured([place(0, 0, -12.34), place(0, 0, 0)]).words, /^12\.3 m/);
});

// What needs a page only when it is used

for (const name of ["film", "contents"]) {
  test(`${name}.js can be imported where there is no page`, () => import(`../../static/js/viewer/${name}.js`));
}

test("a .glb becomes the records of a .splat, turned half about x", () => {
  const columns = {
    POSITION: [1, -2, -3, 0, 0, 5],
    "KHR_gaussian_splatting:SCALE": [0.1, 0.2, 0.3, 1, 2, 3],
    "KHR_gaussian_splatting:ROTATION": [1, 0, 0, 0, 0, 0, 0, 1], // xyzw: what is not turned in our frame, and what is turned back
    "KHR_gaussian_splatting:OPACITY": [1, 0.2],
    "KHR_gaussian_splatting:SH_DEGREE_0_COEF_0": [0, 0, 0, 0.5 / 0.28209479177387814, -10, 10],
  };
  const names = Object.keys(columns);
  const numbers = Float32Array.from(Object.values(columns).flat());
  let byteOffset = 0;
  const bufferViews = Object.values(columns).map((values) => {
    const view = { byteOffset, byteLength: 4 * values.length };
    byteOffset += view.byteLength;
    return view;
  });
  const attributes = Object.fromEntries(names.map((name, index) => [name, index]));
  let text = JSON.stringify({ bufferViews, accessors: names.map((_, bufferView) => ({ bufferView })), meshes: [{ primitives: [{ attributes }] }] });
  text = text.padEnd(4 * Math.ceil(text.length / 4));
  const header = new Uint32Array([0x46546c67, 2, 0, text.length, 0x4e4f534a]);
  const glb = Buffer.concat([Buffer.from(header.buffer), Buffer.from(text), Buffer.alloc(8), Buffer.from(numbers.buffer)]);
  const splat = splatFromGlb(new Uint8Array(glb));
  assert.equal(splat.length, 64);
  const floats = new Float32Array(splat.buffer);
  assert.deepEqual([...floats.subarray(0, 3)], [1, 2, 3]);
  assert.deepEqual([...floats.subarray(8, 14)].map((value) => value + 0), [0, 0, -5, 1, 2, 3]);
  assert.deepEqual([...splat.subarray(24, 28)], [128, 128, 128, 255]);
  assert.deepEqual([...splat.subarray(56, 60)], [255, 0, 255, 51]);
  assert.deepEqual([...splat.subarray(28, 32)], [0, 128, 128, 128]); // -1 is the identity as well, and fits into a byte
  assert.deepEqual([...splat.subarray(60, 64)], [128, 0, 128, 128]); // half about x
});

/** What is left of a scene, 1 or 0 for each Gaussian. */
const leftOf = (remains, count) => Array.from({ length: count }, (_, i) => Number(remains.has(i)));

test("a stroke erases ray by ray what all of it erases, no farther than it reaches and only ahead", () => {
  const centers = Float32Array.from([0, 0, 2, 0, 0, 5, 0.1, 0, 2, 1, 0, 2, 0, 0, -2]);
  const rays = [[0, 0, 1, 3], [Math.SQRT1_2, 0, Math.SQRT1_2, 3]];
  const whole = new Remains(centers, {});
  whole.set([{ edit: "erase", eye_m: [0, 0, 0], radius_deg: 5, rays }]);
  assert.deepEqual(leftOf(whole, 5), [0, 1, 0, 1, 1]);
  const gone = [];
  const remains = new Remains(centers, {}, (i, isLeft) => gone.push([i, isLeft]));
  const stroke = { edit: "erase", eye_m: [0, 0, 0], radius_deg: 5, rays: [] };
  for (const ray of rays) remains.extend(stroke, ray);
  assert.deepEqual([gone, leftOf(remains, 5), remains.count], [[[0, false], [2, false]], [0, 1, 0, 1, 1], 3]);
  assert.equal(remains.depthAlong(new Float32Array(5).fill(1), [0, 0, 0], [0, 0, 1], 1), 5);
  remains.set([]);
  assert.deepEqual(leftOf(remains, 5), [1, 1, 1, 1, 1]);
});

test("whatever is done and undone, what is left is what no edit takes, also beyond the steps that are remembered", () => {
  const centers = Float32Array.from({ length: 300 }, (_, i) => 4 * Math.sin(1.7 * i * i));
  const layers = { fine: 60, behind: 30, sky: 10 };
  const edits = [{ edit: "hide", layers: ["behind"] }, { edit: "crop_box", low_m: [-3, -3, -3], high_m: [3, 4, 4] }, { edit: "start" }];
  for (let k = 0; k < 200; k++) edits.push({ edit: "crop_sphere", centre_m: [0, 0, 0.01 * k], radius_m: 6 - 0.01 * k });
  const drawn = new Array(100).fill(1);
  const remains = new Remains(centers, layers, (i, isLeft) => (drawn[i] = Number(isLeft)));
  for (const chosen of [edits, edits.slice(1), edits.slice(0, 2), [], edits.slice(0, 150), [edits[1], edits[0]]]) {
    remains.set(chosen);
    const single = chosen.map((edit) => {
      const one = new Remains(centers, layers);
      one.set([edit]);
      return leftOf(one, 100);
    });
    const expected = drawn.map((_, i) => Number(single.every((left) => left[i])));
    assert.deepEqual([leftOf(remains, 100), drawn, remains.count], [expected, expected, expected.reduce((sum, one) => sum + one, 0)]);
  }
});

test("arrows on the ground and in the picture point as the server takes them", () => {
  const near = (angle, expected) => assert.ok(Math.abs(((angle - expected + 540) % 360) - 180) < 2, `${angle} and not ${expected}`);
  near(groundHeading(vectorOf([0, -30]), vectorOf([20, -30])), 100); // across what is ahead: a circle around the visitor
  near(groundHeading(vectorOf([0, -40]), vectorOf([0, -20])), 0);
  near(groundHeading(vectorOf([90, -40]), vectorOf([90, -20])), 90);
  near(pictureHeading(vectorOf([170, 0]), vectorOf([-170, 0]), vectorOf([180, 0])), 0); // over the seam
  near(pictureHeading(vectorOf([40, 10]), vectorOf([40, 30]), vectorOf([40, 10])), 90);
});
