// y = unit * (round(g / h) + k): noise for privacy on a fixed grid. k = the integers nearest to ratio * N(0, 1); h =
// 2^-m and unit = h * scale are the same for all data, so nothing of g's low bits gets into y; see
// src/privacy/noise.ts.
// Shapes: g, y [n]; key [8]. With IN_PLACE y holds g, and g is not read.
// Normals by Box-Muller from ChaCha20: radius from 64 bits, angle from 32, 16 to fill in below f32's resolution.
// ChaCha20's input is (element / 8, draw, draw, site), `draw` counted by the host and never repeated under a key.
// Grid: any number of workgroups in x; each thread takes eights of elements `threads` apart.
//@use chacha
//@use gaussian
//@use step
struct Params {
  n: u32, threads: u32, site: u32,
  draw_slot: i32, draw_low: u32, draw_high: u32,   // from rates draw_slot, draw_slot + 1 where >= 0; 24 bits each
  ratio_slot: i32, ratio: f32,
  per: f32, most: f32, unit: f32                   // 1 / h; 2^30 h
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> key: array<vec4u, 2>;
@group(0) @binding(2) var<storage, read> g: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
override IN_PLACE: bool = false;

// ratio * N to the nearest integer, bits below f32's resolution filled in at random: without them only every 2^b-th
// integer could come out where |x| >= 2^24.
fn whole(x: vec4f, fill: vec4u) -> vec4i {
  let b = max(bitcast<vec4u>(abs(x)) >> vec4u(23u), vec4u(150u)) - 150u;
  let span = vec4u(1u) << b;
  return vec4i(round(x)) + vec4i(fill & (span - 1u)) - vec4i(span >> vec4u(1u));
}

// Eight integers, element i in [i % 2][i / 2].
fn noise(input: vec4u, ratio: f32) -> array<vec4i, 2> {
  let r = chacha(key[0], key[1], input);
  let x = normals(r.a, r.b, r.c);
  return array<vec4i, 2>(
    whole(ratio * x[0], r.d & vec4u(0xffffu)),
    whole(ratio * x[1], r.d >> vec4u(16u)),
  );
}

fn nearest(v: f32) -> i32 {
  let finite = (bitcast<u32>(v) & 0x7f800000u) != 0x7f800000u;
  // Times a power of two is exact; a quotient need not be.
  return i32(round(clamp(select(0.0, v, finite), -p.most, p.most) * p.per));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var draw = vec2u(p.draw_low | (p.draw_high << 24u), p.draw_high >> 8u);
  if (p.draw_slot >= 0) {
    let high = u32(rate(u32(p.draw_slot) + 1u));
    draw = vec2u(u32(rate(u32(p.draw_slot))) | (high << 24u), high >> 8u);
  }
  var ratio = p.ratio;
  if (p.ratio_slot >= 0) { ratio = rate(u32(p.ratio_slot)); }
  let eights = (p.n + 7u) / 8u;
  for (var eight = id.x; eight < eights; eight += p.threads) {
    var k = noise(vec4u(eight, draw, p.site), ratio);
    for (var i = 0u; i < 8u; i++) {
      let at = 8u * eight + i;
      if (at < p.n) {
        var v = 0.0;
        if (IN_PLACE) { v = y[at]; } else { v = g[at]; }
        y[at] = p.unit * f32(nearest(v) + k[i % 2u][i / 2u]);
      }
    }
  }
}
