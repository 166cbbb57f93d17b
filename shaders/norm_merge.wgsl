// Joins the strands of norm_moments by Chan's formula: mean[g, j] = mean of all rows, variance[g, j] = their squared
// deviations / rows. Strand s has the rows s, s + strands, ...; its mean is less x[g, 0, j].
// Shapes: x [G, rows, channels], means and squares [G, strands, channels], mean and variance [G, channels];
// n = G * channels.
// Grid: any number of workgroups in x, elements `threads` apart.
struct Params { n: u32, threads: u32, rows: u32, channels: u32, strands: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> means: array<f32>;
@group(0) @binding(3) var<storage, read> squares: array<f32>;
@group(0) @binding(4) var<storage, read_write> mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> variance: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var i = id.x; i < p.n; i += p.threads) {
    let g = i / p.channels;
    let j = i - g * p.channels;
    let at = g * p.strands * p.channels + j;
    var n = 0.0;
    var m = 0.0;
    var q = 0.0;
    for (var s = 0u; s < p.strands; s++) {
      let more = f32((p.rows - s + p.strands - 1u) / p.strands);
      let d = means[at + s * p.channels] - m;
      let w = more / (n + more);
      m += d * w;
      q += squares[at + s * p.channels] + d * d * n * w;
      n += more;
    }
    mean[i] = x[g * p.rows * p.channels + j] + m;
    variance[i] = q / f32(p.rows);
  }
}
