// Windows of a pooling layer over NHWC images: window o of an axis starts at o * stride - before and has `size` places,
// of which those inside the image count. y and x below are coordinates of an axis pair; all layouts [images, h, w, c].
struct Window {
  n: u32, threads: u32, channels: u32, size: u32, stride: u32,
  h: u32, w: u32, before_h: u32, before_w: u32, out_h: u32, out_w: u32,
}
@group(0) @binding(0) var<uniform> p: Window;
struct Place { image: u32, y: u32, x: u32, c: u32 }
fn place(i: u32, h: u32, w: u32) -> Place {
  let pixel = i / p.channels;
  let row = pixel / w;
  let image = row / h;
  return Place(image, row - image * h, pixel - row * w, i - pixel * p.channels);
}
fn index(at: Place, h: u32, w: u32) -> u32 { return ((at.image * h + at.y) * w + at.x) * p.channels + at.c; }
// First and past-the-last place of window o that lie inside an axis of `extent`.
fn inside(o: u32, before: u32, extent: u32) -> vec2u {
  let start = o * p.stride;
  return vec2u(max(start, before) - before, min(start + p.size - before, extent));
}
// First and past-the-last window of `count` that contain place i.
fn covering(i: u32, before: u32, count: u32) -> vec2u {
  let at = i + before;
  let first = select(0u, (at - p.size) / p.stride + 1u, at >= p.size);
  return vec2u(first, min(at / p.stride + 1u, count));
}
