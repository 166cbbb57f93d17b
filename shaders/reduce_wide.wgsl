// y[o, z, i] = scale * sum over r of x[o, r, i], r in split z: [z * chunk, min((z + 1) * chunk, red)); four columns a
// thread, one after another. For software adapters, where a load of four costs half of four loads.
// WEIGHTED: x[o, r] counts c[o, r] times, and where that is 0 not at all, whatever it holds.
// CHAIN: if not 0, terms are added in chains of so many, and then these.
// Shapes: x [outer, red, inner], c [outer, red], y [outer, splits, inner], inner a multiple of 4.
// Grid: (ceil(outer * inner / 64), splits, 1), past 32768 on in z. Plain composition: reduce.wgsl.
struct Params { outputs: u32, red: u32, inner: u32, chunk: u32, splits: u32, scale: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> c: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
override WEIGHTED: bool = false;
override CHAIN: u32 = 0u;

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_id) me: vec3u) {
  let out = (wg.x + wg.z * 32768u) * 16u + me.x; // in fours
  if (4u * out >= p.outputs) { return; }
  let width = p.inner / 4u;
  let o = out / width;
  let i = out - o * width;
  let end = o * p.red + min((wg.y + 1u) * p.chunk, p.red);
  var sum = vec4f(0.0);
  var total = vec4f(0.0); // of the chains so far
  for (var start = o * p.red + wg.y * p.chunk; start < end; start += select(p.chunk, CHAIN, CHAIN != 0u)) {
    total += sum;
    sum = vec4f(0.0);
    for (var r = start; r < select(end, min(start + CHAIN, end), CHAIN != 0u); r++) {
      var weight = 1.0;
      if (WEIGHTED) { weight = c[r]; }
      sum += select(vec4f(0.0), weight * x[r * width + i], weight != 0.0);
    }
  }
  sum += total;
  y[(o * p.splits + wg.y) * width + i] = p.scale * sum;
}
