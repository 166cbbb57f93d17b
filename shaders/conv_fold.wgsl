// The second half of a convolution with few output channels, or with TRANSPOSED of its adjoint in the input: a matrix
// product has made t[g, n, iy, ix, ty, tx, o] = sum over i of x[g, n, iy, ix, i] k[g, ty, tx, i, o], every source
// position under every tap; this sums the taps that meet in an output, f by p.epilogue.
//   y[g, n, oy, ox, o] = f( sum over ty, tx of t[g, n, iy, ix, ty, tx, o] )
// Shapes: lib/conv_params.wgsl.
// Grid: any number of workgroups in x, elements `chunk` apart; z is groups * phases.
// Plain composition: conv_naive.wgsl, conv_input_naive.wgsl.
//@use conv_phase
//@use epilogue
alias V = f32;
@group(0) @binding(1) var<storage, read> t: array<f32>;
@group(0) @binding(2) var<storage, read> c: array<f32>; // bias [groups / c_div, outputs], or mask like y, or unused
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let phased = phase(id.z);
  let g = phased.x;
  let v = vertical(phased.y);
  let h = horizontal(phased.z);
  let wide = of_phase(h);
  let each = of_phase(v) * wide;
  let outputs = select(p.co, p.ci, TRANSPOSED);

  for (var e = id.x; e < p.n * each * outputs; e += p.chunk) {
    let o = e % outputs;
    let row = e / outputs;
    let q = row % each;
    let oy = q / wide * v.step + phased.y;
    let ox = q % wide * h.step + phased.z;
    if (oy >= v.size || ox >= h.size) { continue; }
    let image = g * p.n + row / each;
    var sum = 0.0;
    var iy = i32(q / wide) * v.along + v.start;
    for (var ty = v.first; ty < v.taps; ty += v.step) {
      var ix = i32(q % wide) * h.along + h.start;
      for (var tx = h.first; tx < h.taps; tx += h.step) {
        // Below zero it wraps, and is outside too.
        let inside = u32(iy) < v.source && u32(ix) < h.source;
        let at = (((image * v.source + u32(iy)) * h.source + u32(ix)) * v.taps + ty) * h.taps + tx;
        sum += select(0.0, t[select(0u, at * outputs + o, inside)], inside);
        ix += h.turn;
      }
      iy += v.turn;
    }
    let out = ((image * v.size + oy) * h.size + ox) * outputs + o;
    y[out] = finished(sum, g / p.c_div * outputs + o, out);
  }
}
