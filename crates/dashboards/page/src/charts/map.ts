// Places on the world: circles as large as what happened there.
import { feature } from "topojson-client";
import world from "world-atlas/countries-110m.json";
import { inkOn, mix } from "../color";
import { column, tableOf } from "../data";
import { compact, number } from "../format";
import type { Cell, MapView, Panel, Table } from "../model";
import { type Drawing, echarts, tip } from "./chart";

let registered = false;

function register(): void {
  if (registered) return;
  const topology = world as unknown as Parameters<typeof feature>[0];
  const countries = feature(topology, topology.objects.countries!) as unknown as Countries;
  // Antarctica lies below what is shown.
  const shown = countries.features.filter(({ id }) => id !== "010");
  for (const { geometry } of shown) unwrap(geometry.coordinates);
  echarts.registerMap("world", { ...countries, features: shown } as never);
  registered = true;
}

type Nested = number | Nested[];
interface Countries {
  features: { id?: string; geometry: { coordinates: Nested[] } }[];
}

/** Rings over the date line go on beyond it: else they would be drawn as a bar over the whole world. */
export function unwrap(coordinates: Nested): void {
  if (!Array.isArray(coordinates)) return;
  const ring = coordinates as [number, number][];
  if (typeof ring[0]?.[0] !== "number") {
    coordinates.forEach(unwrap);
    return;
  }
  const crosses = ring.some((point, at) => at > 0 && Math.abs(point[0] - (ring[at - 1] as [number, number])[0]) > 180);
  if (crosses) for (const point of ring) if (point[0] < 0) point[0] += 360;
}

interface Place {
  longitude: number;
  latitude: number;
  amount: number;
}

export function map(panel: Panel, view: MapView): Drawing {
  register();
  const places = view.layers.flatMap(({ table }) => placesOf(tableOf(panel, table)));
  const total = places.reduce((sum, place) => sum + place.amount, 0);
  return {
    summary: `${panel.title} World map with ${places.length} places, ${number(total)} in all. The button "Show figures" shows its table.`,
    option: (room) => {
      const most = Math.max(...places.map((place) => place.amount), 1);
      const size = (amount: number) => 12 + 26 * Math.sqrt(amount / most);
      return {
        geo: {
          map: "world", roam: false, silent: true, left: 0, right: 0, top: 0, bottom: 0, boundingCoords: [[-170, 78], [180, -56]],
          itemStyle: { areaColor: mix(room.line, room.muted, 0.12), borderColor: room.panel, borderWidth: 0.7 },
        },
        series: [{
          type: "scatter",
          coordinateSystem: "geo",
          data: places.map(({ longitude, latitude, amount }) => ({
            value: [longitude, latitude, amount],
            symbolSize: size(amount),
            label: { show: size(amount) > 19, formatter: () => compact(amount), color: inkOn(room.accent), fontSize: 11 },
          })),
          itemStyle: { color: room.accent, borderColor: room.panel, borderWidth: 1, opacity: 1 },
        }],
        tooltip: {
          formatter: ({ data }: { data: { value: [number, number, number] } }) => {
            const [longitude, latitude, amount] = data.value;
            return tip("", [{ name: `${latitude.toFixed(1)}°, ${longitude.toFixed(1)}°`, figure: number(amount) }]);
          },
        },
      };
    },
  };
}

/** Places of a result: a point where one is told, else the middle of a tile. */
export function placesOf(table: Table): Place[] {
  const of = (kind: string) => table.columns.find((candidate) => candidate.kind === kind)?.id;
  const point = column(table, of("geo_point"));
  const tile = column(table, of("geo_tile"));
  const amount = column(table, of("number"));
  return table.rows.flatMap((row) => {
    const place = pointOf(point?.value(row)) ?? middle(tile?.value(row));
    return place ? [{ longitude: place[0], latitude: place[1], amount: amount?.number(row) ?? 1 }] : [];
  });
}

function pointOf(value: Cell | undefined): [number, number] | null {
  if (value == null || typeof value !== "object" || Array.isArray(value)) return null;
  const { lat, lon } = value;
  return typeof lat === "number" && typeof lon === "number" ? [lon, lat] : null;
}

/** Longitude and latitude of the middle of a map tile `zoom/x/y` (Web Mercator). */
export function middle(value: Cell | undefined): [number, number] | null {
  const [zoom, x, y] = typeof value === "string" ? value.split("/").map(Number) : [];
  if (zoom == null || x == null || y == null || ![zoom, x, y].every(Number.isFinite)) return null;
  const tiles = 2 ** zoom;
  const latitude = (Math.atan(Math.sinh(Math.PI * (1 - (2 * (y + 0.5)) / tiles))) * 180) / Math.PI;
  return [((x + 0.5) / tiles) * 360 - 180, latitude];
}
