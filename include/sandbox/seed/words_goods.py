"""Words that items are made of: (name, botanical or long name) pairs, kinds, sizes, brands, vendors."""

from __future__ import annotations

POT_SIZES = ("1 Gal", "2 Gal", "3 Gal", "5 Gal", "7 Gal")
PLUG_SIZES = ('3"', '4.5"', '6"', "6 Pack", '10" Hanging Basket')

ANNUALS = (
    ("Petunia", "Petunia x atkinsiana"), ("Geranium", "Pelargonium x hortorum"),
    ("Marigold", "Tagetes patula"), ("Begonia", "Begonia semperflorens"),
    ("Impatiens", "Impatiens walleriana"), ("Zinnia", "Zinnia elegans"),
    ("Coleus", "Coleus scutellarioides"), ("Snapdragon", "Antirrhinum majus"),
    ("Lobelia", "Lobelia erinus"), ("Verbena", "Verbena x hybrida"),
    ("Calibrachoa", "Calibrachoa x hybrida"), ("Pansy", "Viola x wittrockiana"),
)  # fmt: skip
BULBS = (
    ("Tulip", "Tulipa gesneriana"), ("Daffodil", "Narcissus pseudonarcissus"), ("Crocus", "Crocus vernus"),
    ("Allium", "Allium giganteum"), ("Hyacinth", "Hyacinthus orientalis"), ("Dahlia", "Dahlia pinnata"),
    ("Lily", "Lilium asiaticum"), ("Gladiolus", "Gladiolus hortulanus"), ("Snowdrop", "Galanthus nivalis"),
)  # fmt: skip
CHRISTMAS = (
    ("Wreath", "Wreath"), ("Garland", "Garland"), ("Ornament", "Ornament"),
    ("Light String", "Light String"), ("Cut Fraser Fir", "Abies fraseri"),
    ("Poinsettia", "Euphorbia pulcherrima"), ("Tree Stand", "Tree Stand"), ("Kissing Ball", "Kissing Ball"),
    ("Nutcracker", "Nutcracker"), ("Tree Skirt", "Tree Skirt"),
)  # fmt: skip
DECIDUOUS = (
    ("Burning Bush", "Euonymus alatus"), ("Barberry", "Berberis thunbergii"),
    ("Ninebark", "Physocarpus opulifolius"), ("Smokebush", "Cotinus coggygria"),
    ("Dogwood", "Cornus sericea"), ("Privet", "Ligustrum ovalifolium"),
    ("Witch Hazel", "Hamamelis virginiana"), ("Willow", "Salix integra"), ("Sumac", "Rhus typhina"),
)  # fmt: skip
DECOR = (
    ("Birdbath", "Birdbath"), ("Wind Chime", "Wind Chime"), ("Gazing Ball", "Gazing Ball"),
    ("Garden Gnome", "Gnome"), ("Stepping Stone", "Stepping Stone"), ("Lantern", "Lantern"),
    ("Birdhouse", "Birdhouse"), ("Trellis", "Trellis"), ("Fountain", "Fountain"),
    ("Garden Flag", "Garden Flag"), ("Rabbit Statue", "Rabbit Statue"),
)  # fmt: skip
EDIBLES = (
    ("Tomato", "Solanum lycopersicum"), ("Pepper", "Capsicum annuum"), ("Basil", "Ocimum basilicum"),
    ("Cucumber", "Cucumis sativus"), ("Rosemary", "Salvia rosmarinus"), ("Lettuce", "Lactuca sativa"),
    ("Strawberry", "Fragaria x ananassa"), ("Blueberry", "Vaccinium corymbosum"),
    ("Thyme", "Thymus vulgaris"), ("Squash", "Cucurbita pepo"), ("Raspberry", "Rubus idaeus"),
    ("Parsley", "Petroselinum crispum"),
)  # fmt: skip
EVERGREENS = (
    ("Arborvitae", "Thuja occidentalis"), ("Boxwood", "Buxus sempervirens"),
    ("Juniper", "Juniperus horizontalis"), ("Yew", "Taxus x media"), ("Spruce", "Picea glauca"),
    ("Holly", "Ilex crenata"), ("Cypress", "Chamaecyparis"), ("Hemlock", "Tsuga canadensis"),
    ("Inkberry", "Ilex glabra"), ("Mugo Pine", "Pinus mugo"),
)  # fmt: skip
FLOWERING = (
    ("Hydrangea", "Hydrangea macrophylla"), ("Azalea", "Rhododendron indicum"),
    ("Lilac", "Syringa vulgaris"), ("Rose", "Rosa hybrida"), ("Spirea", "Spiraea japonica"),
    ("Weigela", "Weigela florida"), ("Viburnum", "Viburnum carlesii"),
    ("Forsythia", "Forsythia x intermedia"), ("Butterfly Bush", "Buddleja davidii"),
)  # fmt: skip
GRASSES = (
    ("Fountain Grass", "Pennisetum alopecuroides"), ("Feather Reed Grass", "Calamagrostis x acutiflora"),
    ("Maiden Grass", "Miscanthus sinensis"), ("Switch Grass", "Panicum virgatum"),
    ("Blue Fescue", "Festuca glauca"), ("Japanese Forest Grass", "Hakonechloa macra"),
    ("Sedge", "Carex oshimensis"),
)  # fmt: skip
GROUND_COVERS = (
    ("Pachysandra", "Pachysandra terminalis"), ("Vinca", "Vinca minor"),
    ("Creeping Phlox", "Phlox subulata"), ("Ajuga", "Ajuga reptans"), ("Sedum", "Sedum spurium"),
    ("Creeping Thyme", "Thymus serpyllum"), ("Sweet Woodruff", "Galium odoratum"), ("Ivy", "Hedera helix"),
)  # fmt: skip
HEALTH = (
    ("Plant Food", "Plant Food"), ("Insect Soap", "Insecticidal Soap"),
    ("Fungus Control", "Fungus Control"), ("Weed Control", "Weed Control"),
    ("Deer Repellent", "Deer Repellent"), ("Neem Oil", "Neem Oil"), ("Bone Meal", "Bone Meal"),
    ("Slug Bait", "Slug Bait"), ("Lime", "Garden Lime"),
)  # fmt: skip
HOUSE_PLANTS = (
    ("Pothos", "Epipremnum aureum"), ("Monstera", "Monstera deliciosa"),
    ("Snake Plant", "Dracaena trifasciata"), ("Peace Lily", "Spathiphyllum wallisii"),
    ("Orchid", "Phalaenopsis amabilis"), ("Jade Plant", "Crassula ovata"),
    ("Spider Plant", "Chlorophytum comosum"), ("Fiddle Leaf Fig", "Ficus lyrata"), ("Aloe", "Aloe vera"),
    ("Boston Fern", "Nephrolepis exaltata"), ("Rubber Plant", "Ficus elastica"),
    ("Calathea", "Calathea orbifolia"),
)  # fmt: skip
PERENNIALS = (
    ("Hosta", "Hosta sieboldiana"), ("Daylily", "Hemerocallis"), ("Coneflower", "Echinacea purpurea"),
    ("Lavender", "Lavandula angustifolia"), ("Salvia", "Salvia nemorosa"), ("Astilbe", "Astilbe chinensis"),
    ("Peony", "Paeonia lactiflora"), ("Black Eyed Susan", "Rudbeckia fulgida"), ("Coral Bells", "Heuchera"),
    ("Bleeding Heart", "Dicentra spectabilis"), ("Catmint", "Nepeta x faassenii"),
    ("Aster", "Aster novae-angliae"), ("Bee Balm", "Monarda didyma"), ("Yarrow", "Achillea millefolium"),
)  # fmt: skip
POTTERY = (
    ("Bell Pot", "Bell Pot"), ("Egg Planter", "Egg Planter"), ("Saucer", "Saucer"), ("Urn", "Urn"),
    ("Square Planter", "Square Planter"), ("Bowl", "Bowl"), ("Window Box", "Window Box"),
    ("Rim Pot", "Rim Pot"), ("Strawberry Jar", "Strawberry Jar"), ("Azalea Pot", "Azalea Pot"),
)  # fmt: skip
SEEDS = (
    ("Tomato Seed", "Solanum lycopersicum"), ("Sunflower Seed", "Helianthus annuus"),
    ("Bean Seed", "Phaseolus"), ("Carrot Seed", "Daucus carota"), ("Zinnia Seed", "Zinnia elegans"),
    ("Basil Seed", "Ocimum basilicum"), ("Grass Seed", "Lolium perenne"),
    ("Pumpkin Seed", "Cucurbita maxima"), ("Radish Seed", "Raphanus sativus"),
)  # fmt: skip
SERVICES = (
    ("Delivery", "Delivery"), ("Planting", "Planting"), ("Design Visit", "Design Visit"),
    ("Pruning", "Pruning"), ("Potting", "Potting"), ("Tree Staking", "Tree Staking"),
)  # fmt: skip
SUPPLIES = (
    ("Potting Mix", "Potting Mix"), ("Bark Mulch", "Bark Mulch"), ("Compost", "Compost"),
    ("Peat Moss", "Peat Moss"), ("Topsoil", "Topsoil"), ("Bamboo Stakes", "Bamboo Stakes"),
    ("Landscape Fabric", "Landscape Fabric"), ("Perlite", "Perlite"), ("River Stone", "River Stone"),
    ("Tomato Cage", "Tomato Cage"),
)  # fmt: skip
TOOLS = (
    ("Bypass Pruner", "Bypass Pruner"), ("Trowel", "Trowel"), ("Garden Fork", "Garden Fork"),
    ("Rake", "Rake"), ("Lopper", "Lopper"), ("Hose", "Hose"), ("Watering Can", "Watering Can"),
    ("Garden Gloves", "Garden Gloves"), ("Spade", "Spade"), ("Hand Weeder", "Hand Weeder"),
    ("Wheelbarrow", "Wheelbarrow"),
)  # fmt: skip
TREES = (
    ("Red Maple", "Acer rubrum"), ("River Birch", "Betula nigra"), ("Flowering Cherry", "Prunus serrulata"),
    ("Japanese Maple", "Acer palmatum"), ("Crabapple", "Malus"), ("Apple Tree", "Malus domestica"),
    ("Magnolia", "Magnolia stellata"), ("Red Oak", "Quercus rubra"),
    ("Honeylocust", "Gleditsia triacanthos"),
)  # fmt: skip
WORKSHOPS = (
    ("Wreath Workshop", "Wreath Workshop"), ("Terrarium Workshop", "Terrarium Workshop"),
    ("Container Workshop", "Container Workshop"), ("Kids Workshop", "Kids Workshop"),
    ("Bonsai Workshop", "Bonsai Workshop"),
)  # fmt: skip

FLOWER_KINDS = (
    "Blue Angel", "Patriot", "Crimson Star", "Pink Cloud", "Snow Queen", "Golden Sun", "Purple Haze",
    "Ruby Wave", "Lemon Ice", "Peach Dream", "White Swan", "Midnight", "Coral Reef", "Sweet Caroline",
    "Royal Velvet", "First Frost", "Cherry Kiss", "Lavender Mist", "Orange Flame", "Morning Glow",
    "Little Star", "Red Dragon", "Summer Sky", "Butterfly", "Rosé",
)  # fmt: skip
SHRUB_KINDS = (
    "Green Giant", "Emerald", "Golden Globe", "Blue Star", "Little Gem", "Winter Gold", "Dwarf", "Weeping",
    "Autumn Fire", "Compact", "Variegated", "Crimson King", "Silver Lace", "Hardy", "Columnar", "Miniature",
    "Coppertop", "Evergold", "Tricolor", "Red Sprite",
)  # fmt: skip
EDIBLE_KINDS = (
    "Early Girl", "Sweet Million", "Heirloom", "Giant", "Patio", "Genovese", "Jalapeño", "Cherokee",
    "Lemon", "Bush", "Purple", "Yellow Pear", "Organic", "Everbearing", "Sugar Snap", "Roma", "Crisp",
    "Black Beauty",
)  # fmt: skip
HEALTH_KINDS = (
    "All Purpose", "Bloom Booster", "Organic", "Rose", "Tomato", "Evergreen", "Concentrate", "Ready To Use",
    "Granular", "Lawn", "Slow Release",
)  # fmt: skip
SUPPLY_KINDS = (
    "Natural", "Black", "Organic", "Premium", "Hemlock", "Cedar", "Heavy Duty", "Moisture Control",
    "Screened", "Fine",
)  # fmt: skip
DECOR_KINDS = (
    "Bronze", "Rustic", "Copper", "White", "Antique", "Solar", "Hand Painted", "Cast Iron", "Vintage",
    "Silver", "Red", "Gold", "Frosted", "Crème",
)  # fmt: skip
GLAZES = (
    "Cobalt", "Terra Cotta", "Jade", "Charcoal", "Ivory", "Oxblood", "Sea Green", "Sand", "White Wash",
    "Slate", "Rust", "Celadon",
)  # fmt: skip
TOOL_KINDS = (
    "Stainless", "Ergonomic", "Heavy Duty", "Forged", "Kids", "Ash Handle", "Folding", "Telescoping",
    "Classic", "Light Weight",
)  # fmt: skip
SERVICE_KINDS = ("Standard", "Bulk", "Express", "Weekend")
WORKSHOP_KINDS = ("Spring", "Summer", "Autumn", "Holiday")

BRANDS: tuple[tuple[str, str], ...] = (
    ("STORE", "House Brand"), ("BONNIE", "Bonnie"), ("GREENSPADE", "Greenspade"), ("ROOTWELL", "Rootwell"),
    ("PETALIA", "Petalia"), ("STONEVALE", "Stonevale"), ("NORTHLIGHT", "Northlight"),
    ("FERNWAY", "Fernway"),
)  # fmt: skip
"""Brand codes and their word in long descriptions; the first is the company's own brand."""

BRANDS_OF_CATEGORY: dict[str, tuple[str, ...]] = {
    "ANNUAL": ("Petalia",), "PERENNIAL": ("Petalia", "Fernway"), "EDIBLES": ("Bonnie",),
    "FLOWERING": ("Petalia",), "HOUSE": ("Fernway",), "HEALTH": ("Rootwell",), "SUPPLIES": ("Rootwell",),
    "TOOLS": ("Greenspade",), "POTTERY": ("Stonevale",), "DECOR": ("Stonevale",),
    "CHRISTMAS": ("Northlight",), "SEEDS": ("Rootwell",),
}  # fmt: skip

VENDORS = (
    "HILLTOP", "RIVERBEND", "SUNNYSIDE", "VALLEY", "COLONIAL", "LAKEVIEW", "OAKRIDGE", "PRAIRIE", "MEADOW",
    "1001", "1002", "1003",
)  # fmt: skip
"""Vendors that sell all sorts of goods; a brand's goods come from the vendor of that name."""
