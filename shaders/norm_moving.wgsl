// Moving averages in place, for each sub-batch of the block in order: y = momentum y + (1 - momentum) batch, the
// variances times `correction`. Shapes: mean and variance [blocks, channels], n = blocks * channels; batch_mean and
// batch_variance [blocks * groups, channels]. Grid: any number of workgroups in x, elements `threads` apart.
struct Params { n: u32, threads: u32, channels: u32, groups: u32, momentum: f32, correction: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> batch_mean: array<f32>;
@group(0) @binding(2) var<storage, read> batch_variance: array<f32>;
@group(0) @binding(3) var<storage, read_write> mean: array<f32>;
@group(0) @binding(4) var<storage, read_write> variance: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var i = id.x; i < p.n; i += p.threads) {
    let b = i / p.channels;
    var at = b * p.groups * p.channels + i - b * p.channels;
    var v = vec2f(mean[i], variance[i]);
    for (var g = 0u; g < p.groups; g++) {
      v = p.momentum * v + (1.0 - p.momentum) * vec2f(batch_mean[at], p.correction * batch_variance[at]);
      at += p.channels;
    }
    mean[i] = v.x;
    variance[i] = v.y;
  }
}
