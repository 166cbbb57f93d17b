// y[i, j] = exp(x[i, j] - m) / sum_l exp(x[i, l] - m), m = max_l x[i, l]; with LOG its logarithm.
// Shapes: x and y [n, classes]. Grid: any number of workgroups in x; a thread takes rows `threads` apart.
// Plain composition: softmax and logSoftmax in src/ops/classes.ts.
struct Params { n: u32, threads: u32, classes: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
override LOG: bool = false;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var i = id.x; i < p.n; i += p.threads) {
    let start = i * p.classes;
    let end = start + p.classes;
    var m = x[start];
    for (var j = start + 1u; j < end; j++) { m = max(m, x[j]); }
    var sum = 0.0;
    for (var j = start; j < end; j++) { sum += exp(x[j] - m); }
    let by = select(1.0 / sum, log(sum), LOG);
    for (var j = start; j < end; j++) { y[j] = select(exp(x[j] - m) * by, x[j] - m - by, LOG); }
  }
}
