// The adjoint of convolution in its input, which is the transposed convolution; the readable specification.
//   x[g, n, iy, ix, i] = f( sum over ty, tx, o of y[g, n, oy, ox, o] k[g, ty, tx, i, o] )
// over the oy, ox with oy sh + ty - top = iy and ox sw + tx - left = ix. Shapes: lib/conv_params.wgsl.
// Grid: (ceil(ci / 8), ceil(n h w / 8), groups). Plain composition of the tuned conv_*.wgsl with TRANSPOSED.
//@use conv_params
//@use epilogue
alias V = f32;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>; // bias [groups / c_div, ci], or mask like x, or unused
@group(0) @binding(4) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  let row = id.y;
  let g = id.z;
  if (i >= p.ci || row >= p.n * p.h * p.w) { return; }
  let ix = row % p.w;
  let iy = row / p.w % p.h;
  let map = g / p.in_div * p.n + row / (p.w * p.h);
  var sum = 0.0;
  for (var ty = 0u; ty < p.kh; ty++) {
    let ny = iy + p.top - ty; // oy times the stride; below zero it wraps, and is no multiple within the map either
    for (var tx = 0u; tx < p.kw; tx++) {
      let nx = ix + p.left - tx;
      if (ny >= p.oh * p.sh || nx >= p.ow * p.sw || ny % p.sh != 0u || nx % p.sw != 0u) { continue; }
      let y_at = ((map * p.oh + ny / p.sh) * p.ow + nx / p.sw) * p.co;
      let k_at = (((g * p.kh + ty) * p.kw + tx) * p.ci + i) * p.co;
      for (var o = 0u; o < p.co; o++) { sum = fma(y[y_at + o], k[k_at + o], sum); }
    }
  }
  let at = (g * p.n * p.h * p.w + row) * p.ci + i;
  x[at] = finished(sum, g / p.c_div * p.ci + i, at);
}
