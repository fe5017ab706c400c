// The panorama around the visitor, exact in every pixel: each one asks for its own direction in the picture.

import * as THREE from "three";

const VERTEX = `
out vec3 direction;
void main() {
  direction = position;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;

// The derivatives are wrapped by hand: across the picture's edge the azimuth jumps, and the smallest mipmap would draw a line there.
const FRAGMENT = `
uniform sampler2D picture;
in vec3 direction;
out vec4 colour;
void main() {
  vec3 d = normalize(direction);
  vec2 place = vec2(0.5 + atan(d.x, -d.z) / 6.283185307179586, 0.5 - asin(clamp(d.y, -1.0, 1.0)) / 3.141592653589793);
  vec2 across = dFdx(place);
  vec2 down = dFdy(place);
  across.x -= round(across.x);
  down.x -= round(down.x);
  colour = vec4(textureGrad(picture, place, across, down).rgb, 1.0);
}`;

/** A picture on a sphere: the centre column straight ahead, a quarter turn to the right at +x. The colours pass unchanged. */
export class Sphere {
  constructor() {
    this.material = new THREE.ShaderMaterial({
      glslVersion: THREE.GLSL3,
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      uniforms: { picture: { value: null } },
      side: THREE.BackSide,
      transparent: true, // drawn after the Gaussians, and over them
      depthTest: false,
      depthWrite: false,
    });
    this.mesh = new THREE.Mesh(new THREE.BoxGeometry(2, 2, 2), this.material);
    this.mesh.renderOrder = 1000;
    this.mesh.frustumCulled = false;
    this.mesh.visible = false;
  }

  /** Show a texture made by `sphereTexture`, or nothing (null); returns whether that is something else than before. */
  show(texture) {
    if (this.material.uniforms.picture.value === texture) return false;
    this.material.uniforms.picture.value = texture;
    this.mesh.visible = texture !== null;
    return true;
  }

  dispose() {
    this.mesh.geometry.dispose();
    this.material.dispose();
  }
}

/** Make a texture of a decoded picture; the picture is closed with it. */
export function sphereTexture(bitmap, anisotropy) {
  const texture = new THREE.Texture(bitmap);
  texture.colorSpace = THREE.NoColorSpace;
  texture.wrapS = THREE.RepeatWrapping;
  texture.minFilter = THREE.LinearMipmapLinearFilter;
  texture.generateMipmaps = true;
  texture.flipY = false;
  texture.anisotropy = anisotropy;
  texture.needsUpdate = true;
  texture.addEventListener("dispose", () => bitmap.close());
  return texture;
}
