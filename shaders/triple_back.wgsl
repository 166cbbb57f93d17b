// The gradient of triple_error.wgsl in p: d[place, row] = g sum over the cells with that place of errors[cell] times
// what p is at the cell's two other places.
// Shapes: p and d [places, quads] of four rows each, starts [places + 1], entries [3 cells], errors [cells], g [1].
// The entries of place i are those from starts[i] to starts[i + 1]: the other two places in 16 bits each, and the cell.
// A thread takes R quads of a place, LANES apart, so that it reads an entry once for all of them.
// Grid: (ceil(quads / (R LANES)), places).
// Plain composition: the derivative of tripleLoss in src/ops/triples.ts.
struct Params { quads: u32 }
@group(0) @binding(0) var<uniform> u: Params;
@group(0) @binding(1) var<storage, read> p: array<vec4f>;
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> entries: array<vec2u>;
@group(0) @binding(4) var<storage, read> errors: array<f32>;
@group(0) @binding(5) var<storage, read> g: array<f32>;
@group(0) @binding(6) var<storage, read_write> d: array<vec4f>;
override LANES: u32 = 32u;
const R = 4u; //@spec 1 2 4

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_id) me: vec3u) {
  let start = wg.x * LANES * R + me.x;
  // Quads past the end are computed from the last one and not stored.
  var at: array<u32, R>;
  for (var r = 0u; r < R; r++) { at[r] = min(start + r * LANES, u.quads - 1u); }
  var sum: array<vec4f, R>;
  let end = starts[wg.y + 1u];
  for (var i = starts[wg.y]; i < end; i++) {
    let entry = entries[i];
    let x = (entry.x & 0xffffu) * u.quads;
    let y = (entry.x >> 16u) * u.quads;
    let e = errors[entry.y];
    for (var r = 0u; r < R; r++) { //@unroll
      sum[r] = fma(e * p[x + at[r]], p[y + at[r]], sum[r]);
    }
  }
  for (var r = 0u; r < R; r++) {
    if (start + r * LANES < u.quads) { d[wg.y * u.quads + start + r * LANES] = g[0] * sum[r]; }
  }
}
