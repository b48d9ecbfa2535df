"""Words of the demo's language: what things, places, numbers and times are called, and what they mean."""

# Canonical device -> what people call it, and plural forms ("the lights").
DEVICES = {
    "light": "light lights,light,lights,lights,ceiling light,overhead light,overhead lights,lighting,bulb,light bulb,"
             "main light,main lights,spotlights,led strip,illumination",
    "lamp": "lamp,lamp,lamp,lamps,bedside lamp,floor lamp,desk lamp,reading lamp,table lamp,night light,standing lamp",
    "plug": "plug,socket,outlet,smart plug,power strip,power outlet,plug socket,wall plug",
    "fan": "fan,fan,fan,ceiling fan,ventilator,extractor fan,exhaust fan,table fan,vent fan",
    "heater": "heater,heater,radiator,space heater,electric heater,heating,heating,radiators,heat",
    "ac": "ac,air conditioning,air conditioner,a/c,aircon,air con,AC",
    "tv": "tv,tv,television,telly,TV set,tele,tv set,television set",
    "speaker": "speaker,speakers,stereo,radio,sound system,soundbar,smart speaker,hi-fi,speaker",
    "kettle": "kettle,kettle,electric kettle,water kettle",
    "coffee_maker": "coffee maker,coffee machine,coffee pot,espresso machine,coffeemaker",
    "humidifier": "humidifier,air humidifier,dehumidifier,air purifier",
    "sprinkler": "sprinkler,sprinklers,lawn sprinkler,irrigation,sprinkler system,watering system",
    "blinds": "blinds,blinds,shades,shutters,roller blinds,blind,window blinds,shade,roller shutters",
    "curtains": "curtains,curtains,drapes,curtain,window curtains",
    "door": "door",
    "gate": "gate,front gate,driveway gate,side gate",
    "vacuum": "vacuum,robot vacuum,vacuum cleaner,robot,hoover,roomba,vacuum robot,robot cleaner,cleaning robot",
    "thermostat": "thermostat,thermostat,temperature,temp,heat,heating",
}
DEVICES = {k: [w for w in v.split(",") if w != "light lights"] for k, v in DEVICES.items()}

SWITCHED = ["light"] * 9 + ["lamp"] * 5 + ["plug"] * 3 + ["fan"] * 4 + ["heater"] * 4 + ["ac"] * 2 + ["tv"] * 3 + \
    ["speaker"] * 2 + ["kettle", "kettle", "coffee_maker", "coffee_maker", "humidifier", "sprinkler", "sprinkler"]
LEVELLED = ["light"] * 8 + ["lamp"] * 4 + ["fan"] * 4 + ["speaker"] * 4 + ["tv"] * 2 + ["blinds"] * 4 + \
    ["curtains"] * 2 + ["heater", "humidifier"]

# Canonical room -> what people call it. The preposition is "in" unless PREP says otherwise.
ROOMS = {
    "bedroom": "bedroom,bedroom,bedroom,master bedroom,bed room,main bedroom",
    "kitchen": "kitchen,kitchen,kitchen,kitchenette",
    "living_room": "living room,living room,living room,lounge,sitting room,family room,livingroom,front room",
    "bathroom": "bathroom,bathroom,restroom,washroom,toilet,loo,shower room",
    "hallway": "hallway,hall,corridor,entrance hall,entryway,foyer,entrance",
    "office": "office,office,study,home office,workroom",
    "garage": "garage",
    "dining_room": "dining room,dining room,diningroom,dining area",
    "basement": "basement,cellar",
    "attic": "attic,loft",
    "nursery": "nursery,baby room,baby's room",
    "kids_room": "kids room,kid's room,children's room,kids' room,playroom,kids bedroom",
    "guest_room": "guest room,spare room,guest bedroom,guestroom",
    "laundry": "laundry,laundry room,utility room",
    "garden": "garden,yard,backyard,back yard,lawn",
    "porch": "porch,front porch,veranda",
    "balcony": "balcony",
    "patio": "patio,terrace,deck",
    "upstairs": "upstairs", "downstairs": "downstairs",
}
ROOMS = {k: v.split(",") for k, v in ROOMS.items()}
ROOM_WEIGHTS = {"bedroom": 4, "kitchen": 4, "living_room": 5, "bathroom": 3, "hallway": 3, "office": 3, "garage": 1.5,
                "upstairs": 1.2, "downstairs": 1.2}
PREP = {"porch": "on", "balcony": "on", "patio": "on", "garden": "in", "attic": "in"}
OUTDOOR = {"garden", "porch", "balcony", "patio"}
DOORS = {"front": "front,front,main,entrance", "back": "back,rear,back", "garage": "garage,garage,garage", "patio": "patio,terrace",
         "basement": "basement,cellar", "balcony": "balcony", "bedroom": "bedroom", "office": "office,study"}
DOORS = {k: v.split(",") for k, v in DOORS.items()}

COLORS = {
    "red": "red,red,crimson,bright red", "green": "green,green,lime green,emerald", "blue": "blue,blue,dark blue,light blue,navy blue",
    "yellow": "yellow,golden yellow", "orange": "orange", "purple": "purple,violet,purple", "pink": "pink,hot pink",
    "white": "white,plain white,neutral white,bright white", "warm": "warm white,warm,a warm white,soft white,warm light",
    "cool": "cool white,cool,cold white,a cool white,daylight", "turquoise": "turquoise,cyan,teal",
}
COLORS = {k: v.split(",") for k, v in COLORS.items()}

ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen " \
       "eighteen nineteen".split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()


def words(n, rng=None):
    """A number from 0 to 100 in words."""
    if n < 20:
        return ONES[n]
    if n == 100:
        return "one hundred" if rng and rng.random() < 0.5 else "a hundred"
    t, o = divmod(n, 10)
    if not o:
        return TENS[t]
    return TENS[t] + (" " if rng and rng.random() < 0.6 else "-") + ONES[o]


FRACTIONS = {50: "half,half,halfway,half way,one half,the half,50 50,fifty fifty,half power,medium,the middle,mid",
             25: "a quarter,one quarter,quarter,one fourth,low,a fourth", 75: "three quarters,three-quarters,high,three fourths",
             33: "a third,one third", 66: "two thirds,two-thirds",
             100: "full,max,maximum,the max,full power,the maximum,full blast,the highest setting,the top,a hundred percent",
             1: "the minimum,minimum,the lowest setting,min,the lowest,the bare minimum"}
FRACTIONS = {k: v.split(",") for k, v in FRACTIONS.items()}

# Things that are no supported device, in the same places of a sentence.
UNSUPPORTED = """dishwasher,washing machine,dryer,tumble dryer,oven,microwave,fridge,refrigerator,freezer,toaster,blender,
car,engine,laptop,computer,printer,phone,pc,tablet,camera,doorbell,shower,bathtub,bath,tap,faucet,sink,hot tub,pool pump,
pool,sauna,jets,lawn mower,mower,drill,saw,treadmill,bike,scooter,drone,toy train,piano,guitar,game console,playstation,
xbox,projector,aquarium,fish tank,fountain,grill,barbecue,bbq,stove,hob,cooker,rice cooker,slow cooker,air fryer,waffle iron,
mixer,juicer,hair dryer,hairdryer,iron,sewing machine,razor,toothbrush,electric blanket,massage chair,bidet,elevator,lift,
escalator,conveyor,boiler,water pump,generator,solar panels,battery,rocket,spaceship,submarine,tractor,chainsaw,smoke machine,
disco ball,lava lamp maker,popcorn machine,ice maker,wine cooler,soda machine,bread machine,scale,safe,trampoline,swing,
carousel,bowling alley,photocopier,scanner,router,wifi,modem,server,keyboard,monitor,webcam,watch,headphones,clock tower,
telescope,microscope,laser,robot arm,forklift,crane,excavator,bus,train,boat,plane,helicopter,washer,steamer,humidor,
waterfall,volcano,siren,fire alarm,smoke detector,security system,windshield wipers,wipers,sunroof,trunk,seat warmer,
fax machine,typewriter,record player,jukebox,karaoke machine,metronome,stopwatch function,calculator,dish rack,fireplace,
chimney,furnace,kiln,incubator,cat feeder,dog door,litter box,bird bath,beehive,greenhouse,milking machine,water slide,
wave machine,steam room,ice rink,bouncy castle,merry go round,sunbed,tanning bed,massager,foot spa,curling iron,vcr,
dvd player,gramophone,telegraph,teleporter,time machine,dashboard,turbo,nitro,autopilot,garbage disposal,trash compactor"""
UNSUPPORTED = [w.strip() for w in UNSUPPORTED.replace("\n", "").split(",")]

PEOPLE = "my mom,dad,my sister,my brother,the kids,my neighbor,John,Anna,grandma,my boss,the plumber,Peter,Maria,my wife,my husband," \
         "the landlord,Tom,Sarah,my friend,my uncle,the neighbors,my roommate,Lisa,Mark,someone,the electrician,he,she,they".split(",")
PLACES = "France,Portugal,Japan,Brazil,Canada,Kenya,Norway,Italy,Spain,Egypt,Australia,Peru,Germany,India,China,Mexico,Poland,Texas," \
         "Paris,London,Rome,Tokyo,Berlin,New York,Moscow,Cairo,Madrid,Chile,Iceland,Greece,Turkey,Sweden".split(",")
FOODS = "pizza,a pizza,sushi,tacos,a burger,some noodles,groceries,flowers,a taxi,a cab,tickets,dinner,lunch,milk,a book,new shoes," \
        "a sandwich,ice cream,some beer,batteries,a cake,toilet paper,bread".split(",")
TOPICS = "dinosaurs,the moon,the sun,the ocean,electricity,black holes,the internet,cats,dogs,the weather,football,history,music theory," \
         "volcanoes,chess,gravity,the human heart,coffee,tea,the roman empire,whales,trees,airplanes,the light bulb,the radio,television," \
         "the telephone,steam engines,the stock market,paper,glass,penicillin,the wheel,bicycles,thermometers,clocks,magnets,lightning," \
         "the thermostat,air conditioning,electric fans,curtains,robots,batteries,rainbows,bread,cheese,gold,diamonds,iron,vaccines".split(",")
