/** Which continent a country is usually counted to, for a map that can be read. Pure. */

const BY_CONTINENT = {
  Europe:
    "ad al at ax ba be bg by ch cy cz de dk ee es fi fo fr gb gg gi gr hr hu ie im is it je li lt lu lv mc md me mk mt nl no pl pt ro rs ru se si sj sk sm ua va xk",
  "North America":
    "ag ai aw bb bl bm bq bs bz ca cr cu cw dm do gd gl gp gt hn ht jm kn ky lc mf mq ms mx ni pa pm pr sv sx tc tt us vc vg vi",
  "South America": "ar bo br cl co ec fk gf gy pe py sr uy ve",
  Africa:
    "ao bf bi bj bw cd cf cg ci cm cv dj dz eg eh er et ga gh gm gn gq gw ke km lr ls ly ma mg ml mr mu mw mz na ne ng re rw sc sd sh sl sn so ss st sz td tg tn tz ug yt za zm zw",
  Asia: "ae af am az bd bh bn bt cn ge hk id il in iq ir jo jp kg kh kp kr kw kz la lb lk mm mn mo mv my np om ph pk ps qa sa sg sy th tj tl tm tr tw uz vn ye",
  Oceania: "as au ck cx cc fj fm gu hm ki mh mp nc nf nr nu nz pf pg pn pw sb tk to tv um vu wf ws",
} as const;

export type Continent = keyof typeof BY_CONTINENT | "Elsewhere";

const CONTINENT_OF: ReadonlyMap<string, Continent> = new Map(
  Object.entries(BY_CONTINENT).flatMap(([continent, codes]) => codes.split(" ").map((code) => [code, continent as Continent] as const)),
);

/** Groups in a fixed order, each sorted by the given name; empty ones are left out. */
export function byContinent<T extends { country: string }>(
  places: readonly T[],
  nameOf: (code: string) => string,
): readonly { readonly continent: Continent; readonly places: readonly T[] }[] {
  const order: readonly Continent[] = [...(Object.keys(BY_CONTINENT) as Continent[]), "Elsewhere"];
  return order
    .map((continent) => ({
      continent,
      places: places
        .filter(({ country }) => (CONTINENT_OF.get(country.toLowerCase()) ?? "Elsewhere") === continent)
        .sort((a, b) => nameOf(a.country).localeCompare(nameOf(b.country))),
    }))
    .filter((group) => group.places.length > 0);
}
