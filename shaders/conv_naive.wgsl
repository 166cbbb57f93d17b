// Convolution (cross-correlation), the readable specification: one thread an output, f by p.epilogue.
//   y[g, n, oy, ox, o] = f( sum over ty, tx, i of x[g, n, oy sh + ty - top, ox sw + tx - left, i] k[g, ty, tx, i, o] ),
// x counting as zero outside of the image. Shapes: lib/conv_params.wgsl.
// Grid: (ceil(co / 8), ceil(n oh ow / 8), groups). Plain composition of the tuned conv_*.wgsl.
//@use conv_params
//@use epilogue
alias V = f32;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>; // bias [groups / c_div, co], or mask like y, or unused
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let o = id.x;
  let row = id.y;
  let g = id.z;
  if (o >= p.co || row >= p.n * p.oh * p.ow) { return; }
  let ox = row % p.ow;
  let oy = row / p.ow % p.oh;
  let image = g / p.in_div * p.n + row / (p.ow * p.oh);
  var sum = 0.0;
  for (var ty = 0u; ty < p.kh; ty++) {
    let iy = oy * p.sh + ty - p.top; // below zero it wraps, and is no row of the image either
    for (var tx = 0u; tx < p.kw; tx++) {
      let ix = ox * p.sw + tx - p.left;
      if (iy >= p.h || ix >= p.w) { continue; }
      let x_at = ((image * p.h + iy) * p.w + ix) * p.ci;
      let k_at = ((g * p.kh + ty) * p.kw + tx) * p.ci * p.co + o;
      for (var i = 0u; i < p.ci; i++) { sum = fma(x[x_at + i], k[k_at + i * p.co], sum); }
    }
  }
  let at = (g * p.n * p.oh * p.ow + row) * p.co + o;
  y[at] = finished(sum, g / p.c_div * p.co + o, at);
}
