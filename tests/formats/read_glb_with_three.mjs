// Reads a .glb with three.js and its plugin for Gaussians, and prints what that was given as JSON.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [modules, file] = process.argv.slice(2);
globalThis.self = globalThis;
const from = (name) => import(pathToFileURL(`${modules}/three/examples/jsm/loaders/${name}`));
const { GLTFLoader } = await from("GLTFLoader.js");
const { GLTFGaussianSplatLoaderExtension } = await from("GLTFGaussianSplatLoaderExtension.js");
const seen = [];
const loader = new GLTFLoader().register((parser) => {
  const load = parser.loadGeometries.bind(parser);
  parser.loadGeometries = async (primitives) => {
    const geometries = await load(primitives);
    seen.push(...geometries);
    return geometries;
  };
  return new GLTFGaussianSplatLoaderExtension(parser);
});
const bytes = readFileSync(file);
const { scene, cameras } = await loader.parseAsync(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), "");
const meshes = [];
scene.traverse((node) => node.userData.gltfExtensions && meshes.push(node));
const attributes = Object.fromEntries(Object.entries(seen[0].attributes).map(([name, { array }]) => [name, [...array]]));
console.log(JSON.stringify({ meshes: meshes.length, cameras: cameras.length, attributes }));
