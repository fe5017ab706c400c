// Writes what the page reads of a .4dgs file: a line of JSON per chunk, with flat lists. `node decode_fourdgs.mjs clip.4dgs`

import { readFile } from "node:fs/promises";
import { LocalFile } from "../../static/js/viewer/fourdgs/bytes.js";
import { FourdgsFile } from "../../static/js/viewer/fourdgs/file.js";

const file = await FourdgsFile.opened(new LocalFile(new Blob([await readFile(process.argv[2])])));
for (const chunk of file.chunks) {
  const { count, ...arrays } = await file.read(chunk);
  const lists = Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, [...values].map((value) => (value === Infinity ? 1e300 : value))]));
  console.log(JSON.stringify({ count, duration: file.duration, fps: file.fps, axes: file.axes, ...lists }));
}
