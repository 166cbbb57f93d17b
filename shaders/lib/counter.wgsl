// Where a kernel draws inside a program: Philox's counter of block `quad`, draw site and program. The site has the
// lower half of its word and the repeat the upper one; what of the repeat does not fit goes to the program's word.
//@use step
fn counter(quad: u32, site: u32, program: u32) -> vec4u {
  return vec4u(quad, s.step, site ^ (s.repeat << 16u), program ^ (s.repeat >> 16u));
}
// 24 bits, so that every value is exact and 1 is never reached.
fn unit(x: vec4u) -> vec4f { return vec4f(x / 256u) * 5.9604645e-8; }
