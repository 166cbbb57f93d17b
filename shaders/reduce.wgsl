// y[o, z, i] = scale * sum (or max) over r of x[o, r, i], r in split z: [z * chunk, min((z + 1) * chunk, red)).
// WEIGHTED: x[o, r] counts c[o, r] times, and where that is 0 not at all, whatever it holds.
// CHAIN: if not 0, a strand adds in chains of so many terms, and then these.
// Shapes: x [outer, red, inner], c [outer, red], y [outer, splits, inner]. Order is fixed: TY strands a column, then a
// tree.
// Grid: (ceil(outer * inner / TX), splits, 1); several passes where red is long.
struct Params { outputs: u32, red: u32, inner: u32, chunk: u32, splits: u32, scale: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> c: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
override MAX: bool = false;
override WEIGHTED: bool = false;
override CHAIN: u32 = 0u;
override TX: u32 = 8u;
override TY: u32 = 8u;
var<workgroup> part: array<f32, 64>;

fn join(a: f32, b: f32) -> f32 { return select(a + b, max(a, b), MAX); }

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_id) me: vec3u) {
  let out = (wg.x + wg.z * 32768u) * TX + me.x;
  let o = out / p.inner;
  let i = out - o * p.inner;
  let start = wg.y * p.chunk;
  let end = min(start + p.chunk, p.red);
  var acc = select(0.0, -3.4028234e38, MAX);
  var total = 0.0; // of the chains so far
  var left = CHAIN;
  if (out < p.outputs) {
    for (var r = start + me.y; r < end; r += TY) {
      var weight = 1.0;
      if (WEIGHTED) { weight = c[o * p.red + r]; }
      acc = select(acc, join(acc, weight * x[(o * p.red + r) * p.inner + i]), weight != 0.0);
      if (CHAIN != 0u) {
        left--;
        if (left == 0u) {
          total += acc;
          acc = 0.0;
          left = CHAIN;
        }
      }
    }
  }
  if (CHAIN != 0u) { acc += total; }
  part[me.y * TX + me.x] = acc;
  for (var half = TY / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (me.y < half) { part[me.y * TX + me.x] = join(part[me.y * TX + me.x], part[(me.y + half) * TX + me.x]); }
  }
  if (me.y == 0u && out < p.outputs) { y[(o * p.splits + wg.y) * p.inner + i] = p.scale * part[me.x]; }
}
