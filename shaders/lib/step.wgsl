// The step block: all that differs between two replays of a program. The host writes one a replay, 256 bytes;
// src/gpu/program.ts has the same layout.
struct Step {
  step: u32,
  repeat: u32,
  index: u32,               // offset into the chunk's index lists
  row: u32,                 // row of the log
  rates: array<vec4f, 7>,   // host-evaluated numbers, by slot
  live: array<vec4u, 8>,    // rows of each group that count
}
@group(1) @binding(0) var<uniform> s: Step;
fn rate(slot: u32) -> f32 { return s.rates[slot / 4u][slot % 4u]; }
