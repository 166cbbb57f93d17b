// The uniform of every convolution kernel. The three of them are the adjoints of one form, linear in each of
//   an image x [groups, n, h, w, ci], a map y [groups, n, oh, ow, co] and weights k [groups, kh, kw, ci, co]:
//   sum over g, n, oy, ox, ty, tx, i, o of x[g, n, iy, ix, i] k[g, ty, tx, i, o] y[g, n, oy, ox, o],
//   iy = oy sh + ty - top and ix = ox sw + tx - left where they lie in the image.
// src/ops/conv-plan.ts says the same in TypeScript.
struct Params {
  groups: u32, n: u32,
  h: u32, w: u32, ci: u32,
  oh: u32, ow: u32, co: u32,
  kh: u32, kw: u32,
  sh: u32, sw: u32,
  top: u32, left: u32,
  in_div: u32,           // group g reads block g / in_div of what is convolved, and block g / c_div of the bias
  c_div: u32,
  chunk: u32,            // conv_filter: samples of a split
  splits: u32,
  epilogue: u32,
  slope: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
