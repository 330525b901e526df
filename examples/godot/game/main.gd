# Predicts in every frame from the last frames of three sensors. The microphone disappears from frame 40 to
# frame 79. Prints one line per frame, and quits.
extends Node

const MODALITIES = ["language", "audio", "visual"]
const WINDOW = 8
const FRAMES = 120

var predictor
var windows = []  # a PoolRealArray per modality
var tick = 0

func fail(message):
	printerr("failed: ", message)
	predictor = null

func _ready():
	var file = File.new()
	if file.open("res://mood.casd", File.READ) != OK:
		return fail("mood.casd cannot be read")
	predictor = load("res://casd.gdns").new()
	if predictor == null or not predictor.has_method("predict"):
		return fail("the library casd_godot does not fit libcasd")
	var message = predictor.load_model(file.get_buffer(file.get_len()))
	if message != "":
		return fail(message)
	for modality in MODALITIES:
		windows.append(PoolRealArray())
	print("wrong input: ", predictor.predict([PoolRealArray([1.0])]))

# What a sensor delivers: here, invented features.
func sense(modality):
	var frame = PoolRealArray()
	for i in range(predictor.modality_features(MODALITIES[modality])):
		frame.append(sin(0.3 * (tick % 40) + 0.7 * i + modality))
	return frame

func _process(_delta):
	if predictor == null:  # an error has stopped it; without this the engine would run for ever
		get_tree().quit(1)
		return
	for modality in range(MODALITIES.size()):
		if MODALITIES[modality] == "audio" and tick >= 40 and tick < 80:
			windows[modality] = PoolRealArray()
			continue
		var frame = sense(modality)
		var window = windows[modality]
		window.append_array(frame)
		while window.size() > WINDOW * frame.size():
			window.remove(0)
		windows[modality] = window  # an array is a value in this language
	var result = predictor.predict(windows)
	if typeof(result) == TYPE_STRING:
		return fail(result)
	print("frame %d: probability %.6f, uncertainty %.6f, weight %s %s %s" % [tick,
			result["probabilities"][1], result["uncertainty"][0], result["weight"][0],
			result["weight"][1], result["weight"][2]])
	tick += 1
	if tick == FRAMES:
		print("objects: ", predictor.live_objects())
		predictor = load("res://casd.gdns").new()  # the one with the model is destroyed
		print("objects: ", predictor.live_objects())
		get_tree().quit(0)
