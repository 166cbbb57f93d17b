// What pairs of places are off by: e = w (s / B - t), with t the target where w > 0, and m_i m_j where w < 0, of which the
// weight is |w|. out holds (2 / B) e for each pair, then a row of (2 / B) w (m - t) for single places, then a row of the
// loss's parts: for place i half the sum over j of |w| (s / B - t)^2, and all of its single place's.
// Shapes: s [width, width], means [width], target and weight [width + 1, width + 1], out [width + 2, width].
// LANES threads share a row, in strides, then a tree: the order is fixed.
// Grid: (ceil(width / ROWS), 1).
// Plain composition: gramLoss in src/ops/gram.ts.
struct Params { width: u32, share: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> s: array<f32>;
@group(0) @binding(2) var<storage, read> means: array<f32>;
@group(0) @binding(3) var<storage, read> target_: array<f32>;
@group(0) @binding(4) var<storage, read> weight: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
override LANES: u32 = 64u;
override ROWS: u32 = 1u;
var<workgroup> part: array<f32, 64>;

@compute @workgroup_size(LANES, ROWS)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_id) me: vec3u) {
  let i = wg.x * ROWS + me.y;
  let width = p.width;
  let row = i * (width + 1u);
  var sum = 0.0;
  if (i < width) {
    let own = means[i];
    for (var j = me.x; j < width; j += LANES) {
      let w = weight[row + j];
      let goal = select(target_[row + j], own * means[j], w < 0.0);
      let off = s[i * width + j] * p.share - goal;
      // A weight of 0 is no reason to let through what is not finite.
      out[i * width + j] = 2.0 * p.share * abs(w) * off;
      sum += 0.5 * abs(w) * off * off;
    }
  }
  let at = me.y * LANES + me.x;
  part[at] = sum;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (me.x < half) { part[at] += part[at + half]; }
  }
  if (me.x == 0u && i < width) {
    let w = abs(weight[row + width]);
    let off = means[i] - target_[row + width];
    out[width * width + i] = 2.0 * p.share * w * off;
    out[(width + 1u) * width + i] = part[at] + w * off * off;
  }
}
