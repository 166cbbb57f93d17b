// y[g, r] = tags[index + g reals + r], the tag of a record of the replayed step, which the host sent with it, for the
// first `reals` rows of group g; those behind are generated, and have words of their place and the seed.
// Shapes: tags [any] of two words, y [groups, batch] of two words.
// Grid: any number of workgroups in x, rows `threads` apart.
//@use step
struct Params { rows: u32, threads: u32, batch: u32, reals: u32, seed: u32, seed_high: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> tags: array<vec2u>;
@group(0) @binding(2) var<storage, read_write> y: array<vec2u>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var row = id.x; row < p.rows; row += p.threads) {
    let g = row / p.batch;
    let r = row - g * p.batch;
    let place = vec2u(p.seed + 0x9E3779B9u * (row + 1u), p.seed_high ^ 0xA511E9B3u);
    y[row] = select(place, tags[select(0u, s.index + g * p.reals + r, r < p.reals)], r < p.reals);
  }
}
