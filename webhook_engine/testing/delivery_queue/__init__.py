"""
The parts of `DeliveryQueueContract`, by what they are about.
"""
