// What pairs of places are off by: e = |w| (s / B - t), with t the target, or m_i m_j where w < 0.
// errors holds (2 / B) e for each pair, singles (2 / B) w (m - t) for single places, and parts what place i adds to the
// loss: half the sum over j of |w| (s / B - t)^2, and all of its single place's. All are 0 from `places` on.
// Shapes: s and errors [width, width], means, singles and parts [width], target and weight [places + 1, places + 1].
// LANES threads share a row, in strides, then a tree: the order is fixed.
// Grid: (ceil(width / ROWS), 1).
// Plain composition: gramLoss in src/ops/gram.ts.
struct Params { width: u32, places: u32, share: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> s: array<f32>;
@group(0) @binding(2) var<storage, read> means: array<f32>;
@group(0) @binding(3) var<storage, read> target_: array<f32>;
@group(0) @binding(4) var<storage, read> weight: array<f32>;
@group(0) @binding(5) var<storage, read_write> errors: array<f32>;
@group(0) @binding(6) var<storage, read_write> singles: array<f32>;
@group(0) @binding(7) var<storage, read_write> parts: array<f32>;
override LANES: u32 = 64u;
override ROWS: u32 = 1u;
var<workgroup> part: array<f32, 64>;

@compute @workgroup_size(LANES, ROWS)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_id) me: vec3u) {
  let i = wg.x * ROWS + me.y;
  let row = i * (p.places + 1u);
  let used = i < p.places;
  var sum = 0.0;
  if (i < p.width) {
    let own = means[i];
    for (var j = me.x; j < p.width; j += LANES) {
      var e = 0.0;
      if (used && j < p.places) {
        let w = weight[row + j];
        let goal = select(target_[row + j], own * means[j], w < 0.0);
        let off = s[i * p.width + j] * p.share - goal;
        // A weight of 0 is no reason to let through what is not finite.
        e = abs(w) * off;
        sum += 0.5 * e * off;
      }
      errors[i * p.width + j] = 2.0 * p.share * e;
    }
  }
  let at = me.y * LANES + me.x;
  part[at] = sum;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (me.x < half) { part[at] += part[at + half]; }
  }
  if (me.x == 0u && i < p.width) {
    var e = 0.0;
    var total = 0.0;
    if (used) {
      let off = means[i] - target_[row + p.places];
      e = abs(weight[row + p.places]) * off;
      total = part[at] + e * off;
    }
    singles[i] = 2.0 * p.share * e;
    parts[i] = total;
  }
}
