"""Made-up artists, titles and labels. None is meant to be a real one."""

from __future__ import annotations

from vinymatic.synth.raster import Random


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST = _words("""
    Vera Otis Nils Ada Lázaro Imke Solveig Bruno Maud Tomás Irma Cleo Wendell Roxana Emil Della Farouk Greta
    Hollis Yvette Ivo Juno Kasimir Lorna Milo Nadia Orrin Petra Quincy René Saskia Tobias Uma Viggo Willa Xenia
    Zeno Amadou Birgit Corwin Désirée Elio Fenna Gideon
""")
_LAST = _words("""
    Lindqvist Marlowe Okafor Bellhaven Castellane Drummond Esterházy Fairweather Galloway Hartmann Ibarra Jansen
    Kowalczyk Lamarr Moreau Nakagawa Oyelaran Pemberton Quill Rasmussen Sorrentino Thackeray Underhill Vasquez
    Winterbourne Yarrow Zeller Ashdown Brandt Corvo Delacroix Engström Fontaine Grimaldi Haddad Ishikawa Jørgensen
    Kestrel Lovelace Mbeki Northcote Ostrow
""")
_ADJECTIVE = _words("""
    Silver Hollow Electric Velvet Northern Broken Golden Paper Distant Crimson Midnight Glass Quiet Wild Burning
    Frozen Hidden Second Endless Copper Lonely Blue Restless Gentle Iron Sunken Amber Wandering Painted Secret
    Last Tender Crooked Green Holy Neon
""")
_NOUN = _words("""
    Harbour Orchard Engine Mirror River Lantern Carnival Shadow Garden Horizon Motel Garland Tide Cathedral Parade
    Window Meadow Signal Compass Winter Station Thunder Feather Avenue Island Summer Kingdom Satellite Letter
    Valley Ballroom Desert Circus Candle Bridge Telephone Sparrow Machine Ocean Moonlight Procession Highway
    Mountain Theatre
""")
_PLURAL = _words("""
    Kings Foxes Strangers Tigers Sisters Ramblers Comets Prophets Lions Swallows Tenants Pilots Dancers Drifters
    Owls Echoes
""")
_PLACE = _words("""
    Lisbon Tangier Oslo Memphis Odessa Havana Trieste Dakar Kyoto Leith Tulsa Malmö Cádiz Gdańsk Rosario Penzance
""")
_LABEL = _words("""
    Aurelia Kestrel Polder Marigold Boreal Tandem Corona Halyard Meridian Ondine Parrot Quasar Rialto Sable Tempo
    Vesper
""")
_ENSEMBLE = _words("""
    Trio Quartet Quintet Orchestra Ensemble Octet Combo Sinfonietta
""")


_SERIES = ("Masterworks", "Jazz Gallery", "Concert Hall", "Golden Hour", "World Library", "Dance Party", "Cinema Sound")


def pick(rng: Random, words: tuple[str, ...]) -> str:
    return words[int(rng.integers(len(words)))]


def artist(rng: Random) -> str:
    person = f"{pick(rng, _FIRST)} {pick(rng, _LAST)}"
    match int(rng.integers(7)):
        case 0:
            return f"The {pick(rng, _ADJECTIVE)} {pick(rng, _PLURAL)}"
        case 1:
            return f"{person} {pick(rng, _ENSEMBLE)}"
        case 2:
            return f"{person} & the {pick(rng, _PLURAL)}"
        case 3:
            return f"{pick(rng, _ADJECTIVE)} {pick(rng, _NOUN)}"
        case _:
            return person


def title(rng: Random) -> str:
    thing = f"{pick(rng, _ADJECTIVE)} {pick(rng, _NOUN)}"
    match int(rng.integers(10)):
        case 0:
            return f"{pick(rng, _NOUN)} of the {pick(rng, _NOUN)}"
        case 1:
            return f"Live in {pick(rng, _PLACE)}"
        case 2:
            return f"Songs from the {thing}"
        case 3:
            return f"{pick(rng, _NOUN)} No. {int(rng.integers(1, 15))}"
        case 4:
            return f"One {pick(rng, _NOUN)} in {pick(rng, _PLACE)}"
        case 5:
            return f"{pick(rng, _ADJECTIVE)} Like the {pick(rng, _NOUN)}"
        case 6:
            return f"{pick(rng, _NOUN)} & {pick(rng, _NOUN)}"
        case _:
            return thing


def tracks(rng: Random, count: int) -> list[str]:
    return [title(rng) for _ in range(count)]


def label(rng: Random) -> str:
    return pick(rng, _LABEL)


def series_name(rng: Random) -> str:
    kind = pick(rng, _SERIES)
    return f"{pick(rng, _LABEL)} {kind}"


def year(rng: Random) -> int:
    return int(rng.integers(1955, 1996))
