// What cells of three places are off by: f = sum over rows of x y z / B - t, with x, y and z rows of p by the cell's
// places. errors holds (w / B) f, parts (w / 2) f^2.
// Shapes: p [places, quads] of four rows each, first, second, third, goal, weight, errors and parts [cells].
// LANES threads share a cell, in strides, then a tree: the order is fixed.
// Grid: (ceil(cells / CELLS), 1), folded into y beyond 32768 workgroups.
// Plain composition: tripleLoss in src/ops/triples.ts.
struct Params { cells: u32, quads: u32, share: f32 }
@group(0) @binding(0) var<uniform> u: Params;
@group(0) @binding(1) var<storage, read> p: array<vec4f>;
@group(0) @binding(2) var<storage, read> first: array<u32>;
@group(0) @binding(3) var<storage, read> second: array<u32>;
@group(0) @binding(4) var<storage, read> third: array<u32>;
@group(0) @binding(5) var<storage, read> goal: array<f32>;
@group(0) @binding(6) var<storage, read> weight: array<f32>;
@group(0) @binding(7) var<storage, read_write> errors: array<f32>;
@group(0) @binding(8) var<storage, read_write> parts: array<f32>;
override LANES: u32 = 32u;
override CELLS: u32 = 2u;
var<workgroup> part: array<f32, 64>;

@compute @workgroup_size(LANES, CELLS)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_id) me: vec3u) {
  let cell = (wg.y * 32768u + wg.x) * CELLS + me.y;
  var sum = vec4f(0.0);
  if (cell < u.cells) {
    let x = first[cell] * u.quads;
    let y = second[cell] * u.quads;
    let z = third[cell] * u.quads;
    for (var i = me.x; i < u.quads; i += LANES) { sum = fma(p[x + i] * p[y + i], p[z + i], sum); }
  }
  let at = me.y * LANES + me.x;
  part[at] = (sum.x + sum.y) + (sum.z + sum.w);
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (me.x < half) { part[at] += part[at + half]; }
  }
  if (me.x == 0u && cell < u.cells) {
    let off = part[at] * u.share - goal[cell];
    let e = weight[cell] * off;
    errors[cell] = u.share * e;
    parts[cell] = 0.5 * e * off;
  }
}
