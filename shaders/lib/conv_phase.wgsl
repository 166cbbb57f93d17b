// One walk for a convolution and for its adjoint in the input (TRANSPOSED). Outputs of one phase (oy mod stride when
// transposed, else all of them) meet the same taps: tap first + u step reads source row q along + start + u turn, where
// q counts the outputs of the phase.
//@use conv_params
override TRANSPOSED: bool = false;

struct Axis {
  size: u32,     // of the output
  source: u32,   // of what is read
  taps: u32,
  step: u32,     // between the taps of a phase; outputs of a phase are as far apart
  first: u32,    // tap
  along: i32,
  start: i32,
  turn: i32,
}

fn axis(image: u32, map: u32, taps: u32, stride: u32, before: u32, phase: u32) -> Axis {
  if (TRANSPOSED) {
    let first = (phase + before) % stride;
    return Axis(image, map, taps, stride, first, 1, i32((phase + before - first) / stride), -1);
  }
  return Axis(map, image, taps, 1u, 0u, i32(stride), -i32(before), 1);
}
fn vertical(phase: u32) -> Axis { return axis(p.h, p.oh, p.kh, p.sh, p.top, phase); }
fn horizontal(phase: u32) -> Axis { return axis(p.w, p.ow, p.kw, p.sw, p.left, phase); }
// Outputs of a phase along an axis, the last one perhaps beyond the edge.
fn of_phase(a: Axis) -> u32 { return (a.size + a.step - 1u) / a.step; }
// Group, and vertical and horizontal phase, of the workgroups at z.
fn phase(z: u32) -> vec3u {
  let across = select(1u, p.sw, TRANSPOSED);
  let phases = select(1u, p.sh, TRANSPOSED) * across;
  return vec3u(z / phases, z % phases / across, z % phases % across);
}
