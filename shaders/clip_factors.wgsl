// f[i, s] = what the gradient of part i by sample s is multiplied by, so that the norm of all of them is at most C.
//   n_i^2 = r_a * r_b + squares (r_x * r_y), n = sqrt(sum of n_i^2) * grow + sum of norms sqrt(r_x * r_y): an upper
//   bound.
//   flat (0): C / max(n, C); per-layer (1): the same with n_i and C / sqrt(parts); automatic (2): C / (n + stability).
//   0 where the sample does not count: padding, or anything of it not finite. f[last, s] = n.
// Padding: live is not above 0 (MASKED), or, of the first `padded` of a group's `batch` rows, those beyond the step's
// live count.
// Shapes: r [rows, samples], terms [parts], live [samples], f [1 (per-layer: parts) + 1, stride].
// Grid: (ceil(samples / 64)).
//@use maths
//@use step
struct Params {
  samples: u32, parts: u32, stride: u32, kind: u32,
  bound: f32, grow: f32, stability: f32,
  batch: u32, padded: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
// Of each part the rows a, b, x, y of r, NONE where there is no such factor, and the bits of `squares` and `norms`.
struct Term { rows: vec4u, bits: vec4u }
const NONE = 0xffffffffu;
@group(0) @binding(1) var<storage, read> r: array<f32>;
@group(0) @binding(2) var<storage, read> terms: array<Term>;
@group(0) @binding(3) var<storage, read> live: array<f32>;
@group(0) @binding(4) var<storage, read_write> f: array<f32>;
override MASKED: bool = false;

// Squares below 2^-126 may have become zero in each of two sums, and the other may be large.
const TINY = 8e-28; // 2^-90
fn product(a: f32, b: f32) -> f32 { return a * b + TINY * (a + b); }

fn row(i: u32, sample: u32) -> f32 {
  if (i == NONE) { return 1.0; }
  return r[i * p.samples + sample];
}

// The squared norm of a part, what rounding adds to the norm, and 0 in place of 1 where one of them is not finite.
fn part(i: u32, sample: u32) -> vec3f {
  let t = terms[i];
  let own = product(row(t.rows.x, sample), row(t.rows.y, sample));
  var lengths = 0.0;
  if (t.rows.z != NONE) { lengths = product(row(t.rows.z, sample), row(t.rows.w, sample)); }
  let rounding = bitcast<vec2f>(t.bits.xy);
  // A maximum with NaN may be the other number, so what is finite is asked of what goes in.
  let counts = finite_(own) * finite_(lengths);
  return vec3f(max(own, 0.0) + rounding.x * lengths, rounding.y * sqrt(lengths), counts);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let sample = id.x;
  if (sample >= p.samples) { return; }
  var all = vec3f(0.0, 0.0, 1.0);
  for (var i = 0u; i < p.parts; i++) {
    let one = part(i, sample);
    all = vec3f(all.xy + one.xy, all.z * one.z);
  }
  let norm = sqrt(all.x) * p.grow + all.y;
  var counts = all.z * finite_(norm) > 0.0;
  if (MASKED) { counts = counts && live[sample] > 0.0; }
  let g = sample / p.batch;
  let place = sample - g * p.batch;
  counts = counts && (place >= p.padded || place < s.live[g / 4u][g % 4u]);
  if (p.kind == 1u) {
    let bound = p.bound / sqrt(f32(p.parts));
    for (var i = 0u; i < p.parts; i++) {
      let one = part(i, sample);
      f[i * p.stride + sample] = select(0.0, bound / max(sqrt(one.x) * p.grow + one.y, bound), counts);
    }
    f[p.parts * p.stride + sample] = norm;
    return;
  }
  let scale = select(p.bound / max(norm, p.bound), p.bound / (norm + p.stability), p.kind == 2u);
  f[sample] = select(0.0, scale, counts);
  f[p.stride + sample] = norm;
}
