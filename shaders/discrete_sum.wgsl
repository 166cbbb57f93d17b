// sum[g, j] += sum over r < live[g] of trunc(v[g, r] x[g, r, j]): exact, in i32.
// Shapes: x [groups, rows, width], v [groups, rows], sum [groups, width] i32. live from the step block with STEP, else
// rows. A row of factor 0 counts as zero whatever is in it. Each term is at most `most`, so `most` times the rows of an
// update must stay below 2^30: the host sees to it. Grid: (any, groups, 1), columns `threads` apart.
//@use step
struct Params { rows: u32, width: u32, threads: u32, most: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read_write> sum: array<i32>;
override STEP: bool = false;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let g = id.y;
  var live = p.rows;
  if (STEP) { live = min(live, s.live[g / 4u][g % 4u]); }
  for (var j = id.x; j < p.width; j += p.threads) {
    var acc = 0i;
    for (var r = 0u; r < live; r++) {
      let row = g * p.rows + r;
      let f = v[row];
      if (f != 0.0) { acc += i32(clamp(trunc(f * x[row * p.width + j]), -p.most, p.most)); }
    }
    sum[g * p.width + j] += acc;
  }
}
