"""What the retailer sells: categories, size runs, brands and suppliers, as plain tables."""

from __future__ import annotations

from typing import NamedTuple


class Leaf(NamedTuple):
    """A category at the bottom of the tree.

    Attributes:
        path: the names of its parents, top first.
        price: median shelf price in EUR, VAT included.
        warmth: how demand follows unusual weather: positive sells when it is warm, negative when it is cold.
        returns: its return propensity relative to the average.
        basics: its share of the never-out-of-stock articles.
        fashion: its share of the seasonal articles.
    """

    path: tuple[str, str]
    name: str
    noun: str
    sizes: str
    price: float
    warmth: float
    returns: float
    basics: float
    fashion: float


SIZE_RUNS: dict[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    "women": (("36", "38", "40", "42", "44"), (0.16, 0.26, 0.26, 0.20, 0.12)),
    "letters": (("S", "M", "L", "XL", "XXL"), (0.15, 0.28, 0.29, 0.19, 0.09)),
    "jeans": (("30", "31", "32", "33", "34", "36"), (0.12, 0.16, 0.24, 0.20, 0.18, 0.10)),
    "kids": (("104", "116", "128", "140"), (0.22, 0.28, 0.28, 0.22)),
    "suits": (("48", "50", "52", "54"), (0.22, 0.32, 0.28, 0.18)),
    "socks": (("35-38", "39-42", "43-46"), (0.30, 0.42, 0.28)),
    "belts": (("85", "95", "105"), (0.30, 0.45, 0.25)),
    "one": (("ONE",), (1.0,)),
}

_W, _M, _K, _A = "Damen", "Herren", "Kinder", "Accessoires"
LEAVES: tuple[Leaf, ...] = (
    Leaf((_W, "Oberteile"), "Blusen", "Bluse", "women", 49.99, 0.02, 1.1, 1, 8),
    Leaf((_W, "Oberteile"), "T-Shirts & Tops", "Shirt", "letters", 22.99, 0.10, 0.9, 7, 9),
    Leaf((_W, "Oberteile"), "Strick Damen", "Pullover", "letters", 59.99, -0.10, 1.0, 3, 9),
    Leaf((_W, "Kleider & Röcke"), "Kleider", "Kleid", "women", 69.99, 0.12, 1.4, 0, 9),
    Leaf((_W, "Kleider & Röcke"), "Röcke", "Rock", "women", 45.99, 0.06, 1.2, 0, 4),
    Leaf((_W, "Hosen Damen"), "Jeans Damen", "Jeans", "women", 69.99, 0.0, 1.3, 7, 5),
    Leaf((_W, "Hosen Damen"), "Stoffhosen", "Hose", "women", 59.99, 0.0, 1.2, 4, 5),
    Leaf((_W, "Jacken & Mäntel"), "Jacken Damen", "Jacke", "women", 99.99, -0.12, 1.1, 0, 6),
    Leaf((_W, "Jacken & Mäntel"), "Mäntel Damen", "Mantel", "women", 149.99, -0.18, 1.1, 0, 4),
    Leaf((_W, "Wäsche Damen"), "Nachtwäsche Damen", "Pyjama", "letters", 39.99, 0.0, 0.6, 5, 2),
    Leaf((_M, "Hemden & Shirts"), "Hemden", "Hemd", "letters", 49.99, 0.0, 0.9, 9, 6),
    Leaf((_M, "Hemden & Shirts"), "T-Shirts Herren", "T-Shirt", "letters", 19.99, 0.10, 0.8, 8, 6),
    Leaf((_M, "Hemden & Shirts"), "Poloshirts", "Polo", "letters", 39.99, 0.12, 0.8, 5, 3),
    Leaf((_M, "Strick Herren"), "Pullover Herren", "Pullover", "letters", 59.99, -0.10, 0.9, 4, 5),
    Leaf((_M, "Hosen Herren"), "Jeans Herren", "Jeans", "jeans", 79.99, 0.0, 1.0, 9, 3),
    Leaf((_M, "Hosen Herren"), "Chinos", "Chino", "jeans", 59.99, 0.02, 1.0, 6, 3),
    Leaf((_M, "Anzüge & Sakkos"), "Sakkos", "Sakko", "suits", 149.99, 0.0, 1.0, 3, 2),
    Leaf((_M, "Jacken Herren"), "Jacken Herren", "Jacke", "letters", 119.99, -0.15, 1.0, 0, 4),
    Leaf((_M, "Wäsche Herren"), "Unterwäsche Herren", "Boxershorts", "letters", 24.99, 0.0, 0.3, 8, 0),
    Leaf((_K, "Mädchen"), "Mädchen Oberteile", "Shirt", "kids", 17.99, 0.06, 0.7, 2, 4),
    Leaf((_K, "Jungen"), "Jungen Oberteile", "Shirt", "kids", 17.99, 0.06, 0.7, 2, 4),
    Leaf((_K, "Kinderhosen"), "Kinderhosen", "Hose", "kids", 29.99, 0.0, 0.8, 3, 3),
    Leaf((_A, "Strümpfe"), "Socken", "Socken", "socks", 9.99, -0.03, 0.1, 12, 0),
    Leaf((_A, "Lederwaren"), "Gürtel", "Gürtel", "belts", 35.99, 0.0, 0.5, 10, 1),
    Leaf((_A, "Lederwaren"), "Taschen", "Tasche", "one", 79.99, 0.0, 0.6, 12, 3),
    Leaf((_A, "Tücher & Mützen"), "Schals", "Schal", "one", 25.99, -0.20, 0.4, 6, 2),
    Leaf((_A, "Tücher & Mützen"), "Mützen", "Mütze", "one", 19.99, -0.22, 0.3, 5, 1),
)
OTHER_CATEGORY = "Sonstiges"
"""Category of what is no merchandise: vouchers, bags, alterations."""

PRICE_POINTS = (
    4.99, 7.99, 9.99, 12.99, 15.99, 17.99, 19.99, 22.99, 25.99, 29.99, 35.99, 39.99, 45.99, 49.99, 59.99, 69.99,
    79.99, 89.99, 99.99, 119.99, 129.99, 149.99, 179.99, 199.99, 229.99, 249.99, 299.99,
)  # fmt: skip

BRANDS = (
    "Nordfeld", "Lilienthal", "Marlo & Finn", "Alster", "Kaiserwerk", "Bergmann", "Isarwind", "Clara Sommer", "Tannen",
    "Rheingold", "Havelberg", "Mira Voss", "Elbstoff", "Wolkenheim", "Jonas Reuter", "Fährmann", "Sankt Pauli Supply",
    "Ostwind",
)  # fmt: skip

SUPPLIERS: tuple[tuple[str, str, str, int], ...] = (
    ("Textilkontor Bielefeld GmbH", "Bielefeld", "DE", 12),
    ("Strickwerk Albstadt AG", "Albstadt", "DE", 14),
    ("Hanse Mode Import", "Hamburg", "DE", 21),
    ("Confecções do Minho Lda", "Guimarães", "PT", 24),
    ("Têxteis Porto SA", "Porto", "PT", 28),
    ("Filatura Biella SpA", "Biella", "IT", 25),
    ("Camiceria Veneta Srl", "Padova", "IT", 22),
    ("Denim Studio Istanbul", "Istanbul", "TR", 26),
    ("Anadolu Tekstil", "Denizli", "TR", 30),
    ("Lodz Knit Sp. z o.o.", "Łódź", "PL", 18),
    ("Dhaka Apparel Ltd", "Dhaka", "BD", 48),
    ("Saigon Garment Co", "Hồ Chí Minh", "VN", 52),
    ("Lederhaus Offenbach KG", "Offenbach", "DE", 15),
    ("Strumpffabrik Auerbach GmbH", "Auerbach", "DE", 10),
)
SUPPLIERS_WITH_LANDED_LEAD_TIME = 5

MODEL_NAMES = (
    "Ella", "Luca", "Mia", "Finn", "Nora", "Theo", "Ida", "Jonas", "Lotte", "Emil", "Greta", "Anton", "Frieda", "Oskar",
    "Romy", "Karl", "Alma", "Henri", "Tilda", "Malte", "Juna", "Bosse", "Hanna", "Piet", "Stella", "Arne",
)  # fmt: skip
COLOURS = ("schwarz", "marine", "weiß", "beige", "grau", "oliv", "rot", "hellblau", "braun", "rosé")

FIRST_NAMES = (
    "Anna", "Lukas", "Sophie", "Maximilian", "Lea", "Felix", "Katharina", "Paul", "Jürgen", "Sabine", "Petra", "Thomas",
    "Birgit", "Uwe", "Ayşe", "Mehmet", "Olga", "Søren", "Jörg", "Käthe", "Marie", "Noah", "Emilia", "Ben", "Hannah",
)  # fmt: skip
LAST_NAMES = (
    "Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner", "Becker", "Schulz", "Hoffmann", "Koch",
    "Bauer", "Richter", "Klein", "Wolf", "Schröder", "Neumann", "Schwarz", "Zimmermann", "Braun", "Krüger", "Hartmann",
    "Lange", "Werner", "Kaya", "Kowalski", "von der Heide", "Groß", "Jäger", "Möller",
)  # fmt: skip
CUSTOMER_CITIES = (
    ("80331", "München"), ("10115", "Berlin"), ("20095", "Hamburg"), ("50667", "Köln"), ("60311", "Frankfurt am Main"),
    ("70173", "Stuttgart"), ("04109", "Leipzig"), ("30159", "Hannover"), ("85049", "Ingolstadt"),
    ("24534", "Neumünster"),
    ("01067", "Dresden"), ("90402", "Nürnberg"), ("44135", "Dortmund"), ("28195", "Bremen"), ("99084", "Erfurt"),
    ("18055", "Rostock"), ("66111", "Saarbrücken"), ("55116", "Mainz"), ("39104", "Magdeburg"), ("14467", "Potsdam"),
)  # fmt: skip
STREETS = ("Hauptstraße", "Bahnhofstraße", "Gartenweg", "Lindenallee", "Schulstraße", "Am Markt", "Ringstraße")
