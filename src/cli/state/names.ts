const adjectives =
  "agile amber ample azure balmy blithe brisk calm candid cheery civil clear clever coral cosy crisp deft dewy eager early easy fair fleet fond frank fresh frosty gentle glad golden grand hardy hazel honest humble ivory jolly keen kind lively lucid lunar lush mellow merry mild misty neat nimble noble placid plucky polite proud quick quiet rapid ready rosy sage serene silver sleek snug solar spry steady stout sunny swift tidy tranquil trusty velvet vivid warm witty zesty".split(
    " ",
  );
const nouns =
  "acorn alder aspen badger basalt beech birch bison brook canyon cedar clover comet condor copper crane cricket cypress dolphin dune egret elm falcon fern finch fjord garnet geyser glacier granite grove heron ibex iris jasper juniper kestrel lagoon larch lark laurel lichen linden lotus lynx maple marten meadow moss oak opal orca osprey otter pebble petrel pine plover prairie puffin quartz raven reef ridge river robin rowan sequoia sparrow spruce stork summit swan tarn thistle tundra walnut willow wren".split(
    " ",
  );

/** A name of two words for a container that the user did not name: `calm_otter`. After some tries a number is added. */
export function generateName(random: (bytes: number) => Uint8Array, taken: (name: string) => boolean): string {
  for (let tries = 0; ; tries++) {
    const [a = 0, b = 0, c = 0, d = 0] = random(4);
    const name = `${adjectives[(a * 256 + b) % adjectives.length]}_${nouns[(c * 256 + d) % nouns.length]}`;
    const candidate = tries < 4 ? name : `${name}${(a + b + c + d + tries) % 10_000}`;
    if (!taken(candidate)) return candidate;
  }
}
