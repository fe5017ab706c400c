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
uniform float opacity;
uniform sampler2D paint; // over the picture
uniform float painted;
in vec3 direction;
out vec4 colour;
void main() {
  vec3 d = normalize(direction);
  vec2 place = vec2(0.5 + atan(d.x, -d.z) / 6.283185307179586, 0.5 - asin(clamp(d.y, -1.0, 1.0)) / 3.141592653589793);
  vec2 across = dFdx(place);
  vec2 down = dFdy(place);
  across.x -= round(across.x);
  down.x -= round(down.x);
  vec4 over = texture(paint, place);
  colour = vec4(mix(textureGrad(picture, place, across, down).rgb, over.rgb, painted * over.a), opacity);
}`;

const FADE_S = 0.4;
const PAINT = 0.55; // how much of what is painted covers the picture

/** A picture on a sphere: the centre column straight ahead, a quarter turn to the right at +x. The colours pass unchanged. */
export class Sphere {
  constructor() {
    this.material = new THREE.ShaderMaterial({
      glslVersion: THREE.GLSL3,
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      uniforms: { picture: { value: null }, opacity: { value: 1 }, paint: { value: null }, painted: { value: 0 } },
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

  /** Whether the picture gives way to what is behind it. */
  fades = false;

  /**
   * Show a texture made by `sphereTexture`, or nothing (null), which `isGentle` the picture fades to; returns whether that is
   * something else than before.
   */
  show(texture, isGentle = false) {
    const { picture, opacity } = this.material.uniforms;
    if (texture === null && isGentle && picture.value !== null) {
      const begins = !this.fades;
      this.fades = true;
      return begins;
    }
    const isOther = picture.value !== texture || this.fades;
    this.fades = false;
    picture.value = texture;
    opacity.value = 1;
    this.mesh.visible = texture !== null;
    return isOther;
  }

  /** Lay what is painted over the picture, a `Painting`, or nothing (null); returns whether that is something else than before. */
  showPaint(painting) {
    const { paint, painted } = this.material.uniforms;
    const before = paint.value;
    if ((before?.image ?? null) === (painting?.canvas ?? null) && before?.paintedVersion === painting?.version) return false;
    if (before && before.image !== painting?.canvas) before.dispose();
    if (before?.image !== painting?.canvas) paint.value = painting && paintTexture(painting.canvas);
    if (painting) Object.assign(paint.value, { paintedVersion: painting.version, needsUpdate: true });
    painted.value = painting ? PAINT : 0;
    return true;
  }

  /** Let a picture that fades do so for some seconds; returns whether it did. */
  tick(dt) {
    if (!this.fades) return false;
    const { opacity } = this.material.uniforms;
    opacity.value -= dt / FADE_S;
    if (opacity.value <= 0) this.show(null);
    return true;
  }

  dispose() {
    this.showPaint(null);
    this.mesh.geometry.dispose();
    this.material.dispose();
  }
}

function paintTexture(canvas) {
  const texture = new THREE.CanvasTexture(canvas);
  return Object.assign(texture, { colorSpace: THREE.NoColorSpace, wrapS: THREE.RepeatWrapping, minFilter: THREE.LinearFilter, generateMipmaps: false, flipY: false });
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
