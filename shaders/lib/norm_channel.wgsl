// What one channel of a group is normalised with, for norm_sums.wgsl and norm_back.wgsl: mean, 1 / root, gamma, beta.
override STATISTICS: bool = true; // without: mean 0, and the root 1
override WEIGHTS: bool = true; // without: gamma 1, beta 0

struct Channel { m: f32, r: f32, k: f32, b: f32 }

fn channel_of(group: u32, j: u32) -> Channel {
  let s = group / p.s_div * p.channels + j;
  let w = group / p.w_div * p.channels + j;
  var c = Channel(0.0, 1.0, 1.0, 0.0);
  if (STATISTICS) { c.m = mean[s]; c.r = 1.0 / sqrt(variance[s] + p.epsilon); }
  if (WEIGHTS) { c.k = gamma[w]; c.b = beta[w]; }
  return c;
}
