/** UTF-8 sizes without an encoder: `TextEncoder` is typed by no runtime-neutral library. */

const HIGH_SURROGATE = { first: 0xd800, last: 0xdbff };
const LOW_SURROGATE = { first: 0xdc00, last: 0xdfff };

function isPairAt(text: string, index: number): boolean {
  const high = text.charCodeAt(index);
  if (high < HIGH_SURROGATE.first || high > HIGH_SURROGATE.last) return false;
  const low = text.charCodeAt(index + 1);
  return low >= LOW_SURROGATE.first && low <= LOW_SURROGATE.last;
}

function bytesAt(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  if (unit < 0x80) return 1;
  if (unit < 0x800) return 2;
  return isPairAt(text, index) ? 4 : 3;
}

/** Length of `text` in UTF-8 bytes; a lone surrogate counts 3, as encoders replace it by U+FFFD. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const size = bytesAt(text, index);
    bytes += size;
    if (size === 4) index += 1;
  }
  return bytes;
}

/** The longest prefix of `text` of at most `maxBytes` UTF-8 bytes that splits no character. */
export function utf8Head(text: string, maxBytes: number): string {
  let bytes = 0;
  let index = 0;
  while (index < text.length) {
    const size = bytesAt(text, index);
    if (bytes + size > maxBytes) break;
    bytes += size;
    index += size === 4 ? 2 : 1;
  }
  return text.slice(0, index);
}

/** The longest suffix of `text` of at most `maxBytes` UTF-8 bytes that splits no character. */
export function utf8Tail(text: string, maxBytes: number): string {
  let bytes = 0;
  let index = text.length;
  while (index > 0) {
    const start = index >= 2 && isPairAt(text, index - 2) ? index - 2 : index - 1;
    const size = bytesAt(text, start);
    if (bytes + size > maxBytes) break;
    bytes += size;
    index = start;
  }
  return text.slice(index);
}
