// The adjoint of convolution in its weights; the readable specification: one thread a weight.
//   k[g, ty, tx, i, o] = sum over n, oy, ox of x[g, n, oy sh + ty - top, ox sw + tx - left, i] y[g, n, oy, ox, o],
// x counting as zero outside of the image. Shapes: lib/conv_params.wgsl.
// Grid: (ceil(co / 8), ceil(kh kw ci / 8), groups). Plain composition of the tuned conv_filter_*.wgsl.
//@use conv_params
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> k: array<f32>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let o = id.x;
  let row = id.y;
  let g = id.z;
  if (o >= p.co || row >= p.kh * p.kw * p.ci) { return; }
  let i = row % p.ci;
  let tx = row / p.ci % p.kw;
  let ty = row / (p.ci * p.kw);
  var sum = 0.0;
  for (var n = 0u; n < p.n; n++) {
    let image = g * p.n + n;
    for (var oy = 0u; oy < p.oh; oy++) {
      let iy = oy * p.sh + ty - p.top; // below zero it wraps, and is no row of the image either
      if (iy >= p.h) { continue; }
      for (var ox = 0u; ox < p.ow; ox++) {
        let ix = ox * p.sw + tx - p.left;
        if (ix >= p.w) { continue; }
        let x_at = ((image * p.h + iy) * p.w + ix) * p.ci + i;
        sum = fma(x[x_at], y[((image * p.oh + oy) * p.ow + ox) * p.co + o], sum);
      }
    }
  }
  k[(g * p.kh * p.kw * p.ci + row) * p.co + o] = sum;
}
