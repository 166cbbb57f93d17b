// ChaCha20's block function (RFC 8439, section 2.3): sixteen words of a 256-bit key and four words of input, which the
// RFC calls counter (x) and nonce (yzw). src/privacy/chacha.ts is the same in TypeScript.
fn rotate(v: vec4u, left: u32) -> vec4u { return (v << vec4u(left)) | (v >> vec4u(32u - left)); }

struct Rows { a: vec4u, b: vec4u, c: vec4u, d: vec4u }

// Four quarter rounds side by side (section 2.1), one a column.
fn quarters(r: Rows) -> Rows {
  var a = r.a; var b = r.b; var c = r.c; var d = r.d;
  a += b; d = rotate(d ^ a, 16u);
  c += d; b = rotate(b ^ c, 12u);
  a += b; d = rotate(d ^ a, 8u);
  c += d; b = rotate(b ^ c, 7u);
  return Rows(a, b, c, d);
}

fn chacha(key_low: vec4u, key_high: vec4u, input: vec4u) -> Rows {
  let constants = vec4u(0x61707865u, 0x3320646eu, 0x79622d32u, 0x6b206574u);
  var r = Rows(constants, key_low, key_high, input);
  for (var i = 0u; i < 10u; i++) {
    r = quarters(r);
    // The diagonals become columns, and columns again.
    r = quarters(Rows(r.a, r.b.yzwx, r.c.zwxy, r.d.wxyz));
    r = Rows(r.a, r.b.wxyz, r.c.zwxy, r.d.yzwx);
  }
  return Rows(r.a + constants, r.b + key_low, r.c + key_high, r.d + input);
}
