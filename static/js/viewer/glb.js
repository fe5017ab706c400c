// A .glb file of SPAG-4D as the records of a .splat file, which Spark reads: Spark itself knows no glTF.

const JSON_START = 20;
const RECORD = 32;
const SH0 = 0.28209479177387814;
const EXTENSION = "KHR_gaussian_splatting";

/** The bytes of a .splat file with the Gaussians of a .glb, in the frame of all other files: turned half about x. */
export function splatFromGlb(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(12, true);
  const document = JSON.parse(new TextDecoder().decode(bytes.subarray(JSON_START, JSON_START + length)));
  const primitive = document.meshes?.[0].primitives[0];
  if (!primitive) return new Uint8Array(0);
  const start = bytes.byteOffset + JSON_START + length + 8;
  const floats = (name) => {
    const { byteOffset, byteLength } = document.bufferViews[document.accessors[primitive.attributes[name]].bufferView];
    return new Float32Array(bytes.buffer.slice(start + byteOffset, start + byteOffset + byteLength));
  };
  const own = (name) => floats(`${EXTENSION}:${name}`);
  return records(floats("POSITION"), own("SCALE"), own("ROTATION"), own("OPACITY"), own("SH_DEGREE_0_COEF_0"));
}

function records(means, scales, quats, opacities, colors) {
  const count = opacities.length;
  const target = new Uint8ClampedArray(RECORD * count); // it rounds, and clips to 0-255
  const numbers = new Float32Array(target.buffer);
  for (let i = 0; i < count; i++) {
    const [mean, quat, at] = [3 * i, 4 * i, RECORD * i];
    numbers.set([means[mean], -means[mean + 1], -means[mean + 2]], at / 4);
    numbers.set(scales.subarray(mean, mean + 3), at / 4 + 3);
    for (let k = 0; k < 3; k++) target[at + 24 + k] = 255 * (0.5 + SH0 * colors[mean + k]);
    target[at + 27] = 255 * opacities[i];
    const [x, y, z, w] = quats.subarray(quat, quat + 4);
    const turned = [-x, w, -z, y]; // wxyz
    const sign = turned.some((value) => value > Math.max(...turned.map((other) => -other))) ? -128 : 128;
    turned.forEach((value, k) => (target[at + 28 + k] = sign * value + 128));
  }
  return new Uint8Array(target.buffer);
}
