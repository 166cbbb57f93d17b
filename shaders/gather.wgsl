// y[r, :] = data[index[start + r], :], start from the step block where the list holds a whole chunk (STEP).
// Shapes: data [records, width], index [any], y [rows, width]. An index past the end reads the last record.
// data are f32, or with BYTES u8, four a word, a byte b standing for (2 b - 255) unit.
// Grid: any number of workgroups in x, elements `threads` apart.
//@use step
struct Params { n: u32, threads: u32, width: u32, records: u32, unit: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
override STEP: bool = false;
override BYTES: bool = false;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let start = select(0u, s.index, STEP);
  for (var i = id.x; i < p.n; i += p.threads) {
    let r = i / p.width;
    let at = min(index[start + r], p.records - 1u) * p.width + (i - r * p.width);
    if (BYTES) {
      y[i] = (2.0 * f32(extractBits(data[at / 4u], at % 4u * 8u, 8u)) - 255.0) * p.unit;
    } else {
      y[i] = bitcast<f32>(data[at]);
    }
  }
}
