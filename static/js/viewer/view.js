/** Where a view is in the frame of three.js that stands at a place and looks at another, both in the frame of files. */
export function poseOf([x, y, z], [toX, toY, toZ]) {
  const [right, down, ahead] = [toX - x, toY - y, toZ - z];
  return { x, y: -y, z: -z, heading: Math.atan2(right, ahead), pitch: Math.atan2(-down, Math.hypot(right, ahead)) };
}
