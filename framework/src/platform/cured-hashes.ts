/**
 * The binaries that the cure for old glibc knows: uWebSockets.js 20.57.0 for Linux, by SHA-256 of the original, with the
 * SHA-256 of the copy that the rewrite makes of it.
 *
 * Invariant: each of these copies has loaded and served on glibc 2.36 (x86-64 on the machine, arm64 under emulation);
 * the one for arm64 and Node 25 has not been tried and is not listed. A new version of uWebSockets.js gets its rows after the same try, not before.
 *
 *     CURED_HASHES.get(sha256(original)) === sha256(copy)
 */
export const CURED_HASHES: ReadonlyMap<string, string> = new Map([
  // x64, module version 115 (Node 20)
  [
    '5b126ee00bf754b02e97e4c27090365a8562c5820c93f93918ac2212d4503e91',
    'd1156432c696075e653325e7d7a784796db200923221e1e4a36293d15d724e32',
  ],
  // x64, 127 (Node 22)
  [
    '4b55b1f2cb7a7913febbb65a89496412b96af77e838552980092ba6b33723aac',
    'f1608f301188933e79a50cf7d219a30ee83814aaba5e400e37c10eb9be7958db',
  ],
  // x64, 137 (Node 24)
  [
    '98128405dba2fb608448e921a979530f70c946a2cc9889c15f2fa70c2d00ab05',
    '337e7312c83b0df8accbe2446055c1e663ef14824712a055dfb8c34852cd8d69',
  ],
  // x64, 141 (Node 25)
  [
    '813d788b347c6fd76b779d8932311ec05a044e612b4b83af220f16e6ea789683',
    '66513ca63ef5fe6c0534f58cee955fcb272d49194dda12a806c2c1ccfb9b636d',
  ],
  // arm64, 115
  [
    '6bdbc8ff976b4371af1906175e9025804bacc38a414969f4f02314e6b99f206c',
    'c2d1ed56dd649fa070edc7f40ab7f001220b779a25ccf74b4668956815add011',
  ],
  // arm64, 127
  [
    '82b79bd18d1e3563de336156005bd01b7f39fc387b65173d69a29da4ee79f895',
    '2c554a4acaef582e6cff58bbe9d555749d492153167e06c38721e39fd4f467ae',
  ],
  // arm64, 137
  [
    '88618b30ddf6b2b62310db89f40a701616676352aac5e0f6184dd8ef876199ce',
    'c52f98e37763f821adfd7a24445de06c5941db0bb99b92fd2ac06d5f65cd50f8',
  ],
]);
