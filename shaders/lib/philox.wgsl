// Philox4x32-10 (Salmon et al. 2011): a counter-based generator, so that a draw depends on where it is made and not on
// what was drawn before. src/base/philox.ts is the same in TypeScript.
fn mulhi(a: u32, b: u32) -> u32 {
  let a0 = a & 0xffffu; let a1 = a >> 16u;
  let b0 = b & 0xffffu; let b1 = b >> 16u;
  let t = a1 * b0 + ((a0 * b0) >> 16u);
  let u = a0 * b1 + (t & 0xffffu);
  return a1 * b1 + (t >> 16u) + (u >> 16u);
}
fn philox(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  for (var i = 0u; i < 10u; i++) {
    let x = c.x * 0xD2511F53u;
    let z = c.z * 0xCD9E8D57u;
    c = vec4u(mulhi(0xCD9E8D57u, c.z) ^ c.y ^ k.x, z, mulhi(0xD2511F53u, c.x) ^ c.w ^ k.y, x);
    k += vec2u(0x9E3779B9u, 0xBB67AE85u);
  }
  return c;
}
